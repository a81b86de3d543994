// Needs defer. Without it, or if it throws, the plain form still posts.
(function () {
'use strict';
const doc = document, find = (css) => doc.querySelector(css);
const form = find('#lapor'), t = (form || find('[data-receipt]') || {}).dataset;
// So no honeypot or position gets into a draft.
const TYPED = /^(jenis|judul|isi|tanggal|tempat|instansi|tutup|kontak)$/;

function on(el, type, run) { el.addEventListener(type, run); }
function attempt(part) { try { return part(); } catch (e) {} }
function fill(text, values) { return text.replace(/{(\w+)}/g, (_, k) => values[k]); }
function make(tag, attrs, text) {
	const el = doc.createElement(tag);
	for (const k in attrs) el.setAttribute(k, attrs[k]);
	el.textContent = text;
	return el;
}
function makeButton(text, onclick) {
	return Object.assign(make('button', { type: 'button', class: 'btn btn-2 btn-s' }, text), { onclick });
}
function makeError(id, text) {
	const el = make('p', { class: 'error', role: 'alert', id });
	el.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-alert"/></svg>';
	el.append(make('span', {}, text));
	return el;
}
function focusOn(css) {
	const el = find(css);
	if (el) { el.tabIndex = -1; el.focus(); }
}

// Storage may throw: then no draft.
function forget() { attempt(() => delete localStorage[t.draft]); }
function recall() {
	const d = attempt(() => JSON.parse(localStorage[t.draft]));
	return d && d.v && Date.now() - d.at < 6048e5 ? d : forget(); // 7 days
}

function keepDraft() {
	const { kunci } = form, fresh = kunci.value;
	const fields = [...form.elements].filter((el) => TYPED.test(el.name));
	const what = (el) => (/radio|check/.test(el.type) ? 'checked' : 'value');
	let timer;
	function drop() { timer = clearTimeout(timer); forget(); }
	function save() {
		if (!form.isConnected) return; // answered by now
		drop();
		if (!fields.some((el) => what(el) === 'value' && el.value)) return;
		const d = { at: Date.now(), kunci: kunci.value, v: {} };
		for (const el of fields) d.v[el.id] = el[what(el)];
		return attempt(() => localStorage[t.draft] = JSON.stringify(d));
	}
	function restore() {
		const d = recall();
		if (!d) return;
		const line = find('[data-draft-line]');
		line.setAttribute('role', 'status');
		line.className = 'notice ok';
		for (const el of fields) if (el.id in d.v) el[what(el)] = d.v[el.id];
		kunci.value = d.kunci; // answer lost? Still the same report
		line.append(make('span', {}, t.tDraft), makeButton(t.tDraftDrop, () => {
			drop();
			form.reset();
			kunci.value = fresh; // reset() spares hidden fields
			line.className = line.textContent = '';
			fields[0].focus();
		}));
	}
	on(form, 'input', () => { clearTimeout(timer); timer = setTimeout(save, 300); });
	on(window, 'pagehide', () => timer && save());
	if (!('filled' in t)) restore();
	return save;
}

function checkFiles(input, count) {
	const id = 'berkas-js', old = find('#' + id), files = [...input.files];
	const big = files.find((f) => f.size > t.maxFile);
	const text = big ? fill(t.tTooLarge, { name: big.name, limit: Math.round(t.maxFile / 2 ** 20) })
		: count && files.length > t.maxFiles && fill(t.tTooMany, { limit: t.maxFiles });
	if (old) old.remove();
	if (text) input.before(makeError(id, text));
	const ids = input.getAttribute('aria-describedby').replace(' ' + id, '');
	input.setAttribute('aria-describedby', text ? ids + ' ' + id : ids);
	input.setAttribute('aria-invalid', !!text);
	input.parentNode.classList.toggle('wrong', !!text);
	return !text;
}

let busy;
function sendFiles(by) {
	const data = new FormData(form), box = find('[data-sending]'), xhr = new XMLHttpRequest();
	const status = make('p', { role: 'status' }), bar = make('progress', { 'aria-hidden': true });
	const show = (...parts) => { box.textContent = ''; box.append(...parts); };
	let timer;
	// A dead connection may never say so.
	const watch = () => { clearTimeout(timer); timer = setTimeout(() => xhr.abort(), 9e4); };
	if (by.name) data.append(by.name, by.value);
	xhr.upload.onprogress = (e) => {
		watch();
		bar.value = e.loaded / e.total;
		// In tens, or a screen reader never stops.
		const text = fill(t.tUploading, { percent: 10 * Math.floor(10 * bar.value) });
		if (text !== status.textContent) status.textContent = text;
	};
	xhr.onloadend = () => { // errors have no type
		clearTimeout(timer);
		if (!/^text\/html/.test(xhr.getResponseHeader('content-type'))) {
			busy = by.disabled = false;
			return show(makeError('kirim', t.tOffline));
		}
		// Not by status: 200 is also the form after "Hapus".
		if (xhr.responseText.includes('data-receipt')) forget();
		// As after a plain post, but a reload never posts.
		history.replaceState(null, '', xhr.responseURL);
		doc.open();
		doc.write(xhr.responseText);
		doc.close();
		on(window, 'load', () => { scrollTo(0, 0); focusOn('.summary, h1'); });
	};
	xhr.open('POST', form.action);
	xhr.send(data);
	watch();
	busy = by.disabled = true;
	show(status, bar);
}

function handleSending(save) {
	const input = form.berkas;
	let clicked, last = 0;
	input.onchange = () => checkFiles(input, true);
	on(form, 'click', (e) => { clicked = e.target.closest('button'); });
	on(form, 'submit', (e) => attempt(() => {
		const by = e.submitter || clicked || {}; // Chrome < 81 has no submitter
		// A double click sends once; a stopped post may go again.
		if (busy || Date.now() < last + 2000) return e.preventDefault();
		if (!checkFiles(input, !by.name)) { // "Hapus" makes room: no count then
			input.focus();
			return e.preventDefault();
		}
		save();
		// No files: the browser posts, back and reload stay its own. Whoever comes back amends: this entry of the history keeps the key.
		if (!input.files.length) {
			history.replaceState({ kunci: form.kunci.value }, '');
			return last = Date.now();
		}
		sendFiles(by);
		e.preventDefault(); // last: what throws above ends in a plain post
	}));
}

function offerPosition() {
	const place = find('[data-position]'), inputs = [form.lintang, form.bujur, form.akurasi];
	if (!place || !navigator.geolocation) return;
	const status = make('span', { role: 'status' });
	const button = makeButton('', () => { // one button keeps the focus
		if (inputs[0].value) return set();
		navigator.geolocation.getCurrentPosition(
			({ coords: c }) => set(c.latitude.toFixed(5), c.longitude.toFixed(5), Math.round(c.accuracy)),
			() => { status.textContent = t.tPositionFailed; }, { enableHighAccuracy: true, timeout: 15000 });
	});
	function set(...values) {
		inputs.forEach((el, i) => { el.value = values[i] || ''; });
		status.textContent = values[0] ? fill(t.tPositionDone, { metres: values[2] }) : '';
		button.textContent = values[0] ? t.tPositionDrop : t.tPosition;
	}
	set(...inputs.map((el) => el.value));
	on(form, 'reset', () => set());
	place.append(status, ' ', button);
}

focusOn('.summary');
if (form) {
	attempt(() => { if (!('filled' in t)) form.kunci.value = history.state.kunci; }); // none: throws, and the page's own stays
	const save = attempt(keepDraft) || (() => {});
	attempt(() => handleSending(save));
	attempt(offerPosition);
} else if (t) { // an old receipt spares another report's draft
	const d = recall();
	if (d && (!t.kunci || t.kunci === d.kunci)) forget();
}
}());
