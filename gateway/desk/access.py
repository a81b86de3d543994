"""Who may see the operators' pages: whoever is signed in. Closed by default: a page is opened only through here.

What changes something must come from a page of ours, whatever cookie comes with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

import structlog
from aiohttp import web

from channels import Limit, caller
from channels.pages import Look, Pages
from gateway.clock import Clock
from gateway.desk.passwords import LONGEST, Passwords, TooMany
from gateway.desk.sessions import Sessions
from gateway.public.guesses import Guesses
from gateway.store import desk
from gateway.store.desk import Session
from gateway.store.engine import Clash, Store, StoreAway

_log = structlog.get_logger(__name__)

# Holds the token of whoever is signed in; and the language that was asked for.
COOKIE, TONGUE = "sesi", "bahasa"
# Times that somebody may try to sign in within ten minutes, right or wrong: an address, a name, all together. A flood spends what is everybody's; who operates
# the gateway then still has its commands.
_PER_ADDRESS, _PER_NAME, _IN_ALL = 30, 10, 300
# Names and the addresses from which they signed in, that are remembered.
_MOST_HOMES = 1000
_YEAR_SECONDS = 365 * 24 * 3600
_RETRY_SECONDS = "30"
# Answers for whoever is signed in.
Page = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]


class Access:
    """The way in."""

    def __init__(self, store: Store, clock: Clock, sessions: Sessions, pages: Pages) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._pages = pages
        self._passwords = Passwords()
        self._by_address = Guesses("sign_ins_in_ten_minutes", _PER_ADDRESS, _IN_ALL)
        # Whoever signed in there before is not kept out by what strangers try elsewhere under that name.
        self._homes: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._by_name = Guesses("sign_ins_by_name_in_ten_minutes", _PER_NAME, _IN_ALL)

    def add_to(self, app: web.Application) -> None:
        """The one page for strangers, and the way out."""
        app.router.add_get("/login", self._show)
        app.router.add_post("/login", self._enter)
        app.router.add_post("/logout", self.page(self._leave))

    def limits(self) -> tuple[Limit, ...]:
        """Of signing in."""
        now = self._clock.now()
        return (self._by_address.limit(now), self._by_name.limit(now))

    def close(self) -> None:
        """End what it began."""
        self._passwords.close()

    def page(self, answer: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The same for nobody but whoever is signed in; and what is posted, from a page of ours only."""

        async def opened(request: web.Request) -> web.StreamResponse:
            if request.method == "POST" and not _from_here(request):
                return self._pages.answer("refused.html", self._pages.look(request), {"why": "not_ours", "who": ""}, 403)
            session = self.session(request)
            if session is None:
                return self.stranger(request)
            self._sessions.used(session)
            response = await answer(request, session)
            if not response.prepared:
                _remember_tongue(request, response)
            return response

        return opened

    def session(self, request: web.Request) -> Session | None:
        """Of whoever asks; no query."""
        return self._sessions.of(request.cookies.get(COOKIE, ""))

    def stranger(self, request: web.Request) -> web.Response:
        """To the one page that is open; from there they begin anew."""
        over = "?kenapa=over" if COOKIE in request.cookies else ""
        return web.Response(status=303, headers={"Location": f"/login{over}", "Cache-Control": "no-store"})

    async def _show(self, request: web.Request) -> web.StreamResponse:
        why = request.query.get("kenapa", "")
        response = self._login(self._pages.look(request), why if why in {"over", "out"} else "")
        _remember_tongue(request, response)
        return response

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        look = self._pages.look(request)
        if not _from_here(request):
            return self._login(look, "not_ours", 403)
        fields = await form(request)
        name, password, source = _name(fields.get("nama", "")), fields.get("sandi", ""), caller.address(request)
        if not self._may(name, source):
            return self._login(look, "crowded", 429, name, {"Retry-After": str(self._by_name.wait_seconds())})
        try:
            token = await self._token(name, password[: LONGEST + 1], source)
        except TooMany:
            return self._login(look, "busy", 429, name, {"Retry-After": _RETRY_SECONDS})
        except (StoreAway, Clash):
            return self._login(look, "away", 503, name, {"Retry-After": _RETRY_SECONDS})
        if token is None:
            # Not the name: some type their password there.
            _log.info("sign-in refused", source=source)
            return self._login(look, "wrong", 403, name)
        self._is_at_home(name, source)
        response = web.Response(status=303, headers={"Location": "/channels", "Cache-Control": "no-store"})
        # Whoever was signed in before in this browser is not any more; a token that somebody brought is never taken over.
        response.set_cookie(COOKIE, token, path="/", max_age=self._sessions.longest_seconds, httponly=True, samesite="Strict", secure=_is_https(request))
        return response

    def _may(self, name: str, source: str) -> bool:
        """Each try counts before it is looked at: a hundred at the same moment are a hundred."""
        now, at_home = self._clock.now(), (name, source) in self._homes
        if not (self._by_address.may(source, now) and (at_home or self._by_name.may(name, now))):
            return False
        self._by_address.missed(source, now)
        if not at_home:
            self._by_name.missed(name, now)
        return True

    def _is_at_home(self, name: str, source: str) -> None:
        self._homes[name, source] = None
        self._homes.move_to_end((name, source))
        if len(self._homes) > _MOST_HOMES:
            self._homes.popitem(last=False)

    async def _token(self, name: str, password: str, source: str) -> str | None:
        async with self._store.snapshot() as tx:
            kept = await desk.password_of(tx, name)
        # Always, so that the time that it takes says nothing of who there is.
        right = await self._passwords.right(kept, password)
        return await self._sessions.open(name, kept, source) if right and kept is not None else None

    async def _leave(self, request: web.Request, session: Session) -> web.StreamResponse:
        try:
            await self._sessions.close(session, caller.address(request))
        except (StoreAway, Clash):
            # The cookie stays: it is good still, and who is told that they are out must be.
            return self._pages.answer("refused.html", self._pages.look(request), {"why": "away", "who": ""}, 503)
        response = web.Response(status=303, headers={"Location": "/login?kenapa=out", "Cache-Control": "no-store"})
        response.del_cookie(COOKIE, path="/")
        return response

    def _login(self, look: Look, why: str, status: int = 200, name: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
        return self._pages.answer("login.html", look, {"why": why, "name": name, "who": ""}, status, headers)


async def form(request: web.Request) -> dict[str, str]:
    """Of a small form; whatever is none has none. What is larger than any of ours is 413."""
    try:
        return dict(parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _name(written: str) -> str:
    """As `./run user add` takes it; nobody is called what no store can hold (PostgreSQL takes no NUL)."""
    name = written.strip().lower()[:64]
    return name if name.isprintable() else ""


def _from_here(request: web.Request) -> bool:
    """Whether a page of ours made the browser send this (Fetch Metadata; Origin, RFC 6454). One that says neither is not believed: no browser is that old."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host


def _is_https(request: web.Request) -> bool:
    """As far as anybody on the way says so; to say so falsely only keeps one's own cookie from coming back."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


def _remember_tongue(request: web.Request, response: web.StreamResponse) -> None:
    asked = request.query.get(TONGUE, "")
    if asked in {"id", "en"}:
        response.set_cookie(TONGUE, asked, path="/", max_age=_YEAR_SECONDS, httponly=True, samesite="Strict", secure=_is_https(request))
