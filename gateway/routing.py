"""Who takes charge of a case, and why (laws 8 and 9). Pure: the complaint, the deployment's directory and a threshold in; one owner that exists out.

A complaint is brought to (category, level of government, region), and by the directory to an agency. What the machine finds is a suggestion with its
reasons; the coordinator owns the case until a person decides, unless the deployment says from which score on it is applied (`routing.apply_above`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gateway.case import Owner
from gateway.directory import Directory
from gateway.naming import Named, named
from gateway.sensitive import CORRUPTION, sensitive
from gateway.weights import Weights, features, scores
from normalizer import Category, Complaint, Finding
from normalizer.manners import ABUSE
from normalizer.subjects import SEVERAL

# Kept with every decision, so that it can be told later which rules made it. Raise it with every change of what comes out.
RULES = "6"

# Agencies of the nation whatever the region (DOMAIN.md, "Routing").
_VERTICAL = frozenset(
    {
        *("electricity", "fuel_lpg", "health_insurance", "worker_insurance", "vehicle_police_docs", "crime_security"),
        *("immigration", "land", "religion", "justice", "finance", "postal_customs"),
    }
)
# In DKI Jakarta (31) what is a regency's elsewhere is the province's.
_CAPITAL = "31"
# A category of its own offices below the regency, where the place is known so exactly.
_OFFICES = "service_general"
# Where nobody is listed at a level, who sees to it instead; above that, nobody is asked to do another's work.
_INSTEAD = {"village": "regency", "district": "regency"}
# Who looks into it if the one below is the accused.
_ABOVE = {"village": "regency", "district": "regency", "regency": "province", "province": "national"}
# Whose level, as the text says it, is that of the accused: a school's, an office's of taxes. Of a wage it is that of labour inspection, whoever is accused.
_OF_THE_ACCUSED = frozenset({CORRUPTION, "education", "tax_revenue"})
# Words before a place that is only near, or only somebody's; and behind "sma" where it means "sama".
_LANDMARK = re.compile(
    r"\b(?:depan|dpn|dekat|dkt|samping|sebelah|belakang|seberang|sekitar|simpang|arah|(?:ber)?sekolah di|kuliah di|masuk)\s+(?:(?:gedung|kantor)\s+)?\Z"
)
_WITH = re.compile(r"\s+(?:warga|saya|sy|kami|kita|orang|org|dia|mereka|rakyat|masyarakat|aku)\b")
# A level that is only supposed, because the text does not say it, is worth this much.
_SUPPOSED = 0.95
# Who is addressed by name is closer by this share of what is missing.
_ADDRESSED = 0.5
# Where the second is as near as this to the first, a person decides.
_AMBIGUOUS = 0.6
# Doors for what no public service can settle, by the reason and by the category.
_DOORS = {"in_court": "court", "private_dispute": "legal_aid", "private_company": "consumer_disputes"}
_DOOR_OF_FINANCE = "financial_regulator"
# All of them: each has words for citizens in every language ("door.court").
DOORS = frozenset({*_DOORS.values(), _DOOR_OF_FINANCE})
# Remarks with which a person decides. Of several subjects, whoever got all of it would have what is another's, too: it is split first (`./run split`).
_FOR_A_PERSON = (ABUSE, SEVERAL)
# Rules by which a suggestion is applied without a person.
_APPLIED = frozenset({"rule:directory", "rule:coordinator_accused"})
_MOST = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """What of the deployment decides who owns what."""

    # Owns whatever has no other owner.
    coordinator: str
    # None: everything is the coordinator's.
    directory: Directory | None = None
    # A suggestion with at least this score is applied by itself. None: none is, a person decides.
    apply_above: float | None = None
    # What was learned from this deployment's own decisions; None: nothing yet, the lexicon speaks alone.
    champion: Weights | None = None
    # What may come to be better: its suggestion is kept beside the other and decides nothing.
    shadow: Weights | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agency that may be the right one."""

    agency: str
    # 0..1
    score: float
    category: str
    level: str
    # Why, as codes, in the order in which they fired.
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shadow:
    """What weights that are not trusted yet would have suggested."""

    # Their version.
    weights: int
    agency: str
    # 0..1
    score: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the machine would do."""

    # Versions of what decided: of the rules, and of the directory (empty: there is none).
    rules: str
    directory: str
    # Official code; None: nobody knows where.
    region: str | None
    # At most three, the likeliest first.
    candidates: tuple[Candidate, ...]
    # Which owner it leads to, and the rule that decided it.
    owner: str
    reason: str
    # Where to go instead, as a code, if it may lie beyond every public service; empty: it does not.
    door: str = ""
    # "life" | "danger": it must be seen to before others; empty: nothing says so.
    urgency: str = ""
    # Version of the learned weights that the scores are from; 0: of the lexicon alone.
    weights: int = 0
    # What the weights in shadow would have put first; None: there are none, or they know nobody.
    shadow: Shadow | None = None

    def kept(self) -> dict[str, object]:
        """As the case's opening event keeps it: codes and figures, none of the citizen's words."""
        candidates = [
            {"agency": one.agency, "score": one.score, "category": one.category, "level": one.level, "rules": list(one.rules)} for one in self.candidates
        ]
        said = {"rules": self.rules, "directory": self.directory, "region": self.region, "candidates": candidates, "reason": self.reason}
        beside = {"weights": self.shadow.weights, "agency": self.shadow.agency, "score": self.shadow.score} if self.shadow else None
        return {**said, "door": self.door, "urgency": self.urgency, "weights": self.weights, "shadow": beside}


def owner_of(complaint: Complaint, desk: Desk) -> Owner:
    """The agency that takes charge, and why. It is in the directory, or the coordinator."""
    suggestion = suggest(complaint, desk)
    return Owner(suggestion.owner, suggestion.reason, suggestion.kept() if desk.directory else {})


def follows(complaint: Complaint, desk: Desk, owner: str) -> Owner | None:
    """Who takes over from `owner`, now that more is known; None: nobody does. What is suggested only moves nothing.

    Of corruption and violence the case also leaves whoever is accused only now, if need be for the coordinator.
    """
    found = owner_of(complaint, desk)
    moves = found.reason in _APPLIED or (bool(sensitive(complaint)) and owner != desk.coordinator)
    return found if moves and found.agency != owner else None


def appeals_to(complaint: Complaint, desk: Desk) -> Owner:
    """Who hears an appeal: the coordinator, unless that is who the report accuses."""
    found = owner_of(complaint, desk)
    return found if found.reason == "rule:coordinator_accused" else Owner(desk.coordinator, "rule:appeal")


def suggest(complaint: Complaint, desk: Desk) -> Suggestion:
    """Who should take charge, with what else was thought of."""
    region = complaint.place.code if complaint.place else None
    urgency = complaint.urgency.code if complaint.urgency else ""
    if desk.directory is None:
        return Suggestion(RULES, "", region, (), desk.coordinator, "rule:coordinator", door_of(complaint), urgency)
    directory = desk.directory
    names = named(complaint, directory)
    door, shadow = door_of(complaint), None
    weights = 0
    if sensitive(complaint):
        # Who may look into it is law, and no habit.
        candidates = _impartial(complaint, directory, region, names)
    else:
        found = _candidates(complaint, directory, region, names)
        said = features(complaint) if desk.champion or desk.shadow else ()
        candidates = _ranked(_learned(complaint, said, found, directory, desk.champion) if desk.champion else found)
        weights = desk.champion.version if desk.champion else 0
        shadow = _shadow(complaint, said, found, directory, desk.shadow) if desk.shadow else None
    owner, reason = _decided(complaint, desk, candidates, names, door)
    return Suggestion(RULES, directory.version, region, candidates, owner, reason, door, urgency, weights, shadow)


def lexicon_scores(complaint: Complaint, directory: Directory) -> dict[str, float]:
    """What the rules say before anything is learned: every agency of which they think, with its score. For a refit."""
    region = complaint.place.code if complaint.place else None
    return {one.agency: one.score for one in _candidates(complaint, directory, region, named(complaint, directory))}


def _learned(complaint: Complaint, said: Sequence[str], found: Sequence[Candidate], directory: Directory, weights: Weights) -> list[Candidate]:
    """The same candidates with the scores of what was learned, and those of whom only that thinks; nobody who does not serve the place."""
    region = complaint.place.code if complaint.place else None
    known = {one.agency: one for one in found}
    there = {agency.code: agency for agency in directory.agencies if agency.serves(region or "")}
    base = {one.agency: one.score for one in found}
    chances = scores(weights.table, said, base, sorted(known.keys() | (weights.agencies & there.keys())))
    rule, category = f"learned:{weights.version}", complaint.category.code if complaint.category else ""
    made = {code: known.get(code) or Candidate(code, 0.0, category, there[code].level, ()) for code in chances}
    return [replace(made[code], score=chance, rules=(*made[code].rules, rule)) for code, chance in chances.items()]


def _shadow(complaint: Complaint, said: Sequence[str], found: Sequence[Candidate], directory: Directory, weights: Weights) -> Shadow | None:
    best = _ranked(_learned(complaint, said, found, directory, weights))
    return Shadow(weights.version, best[0].agency, best[0].score) if best else None


def _decided(complaint: Complaint, desk: Desk, candidates: tuple[Candidate, ...], names: Named, door: str) -> tuple[str, str]:
    """Owner and rule."""
    if sensitive(complaint) and desk.coordinator in names.mentioned and candidates:
        # Whoever is accused must not hold the case, not even for an hour.
        return candidates[0].agency, "rule:coordinator_accused"
    reason = ""
    if not complaint.categories and desk.champion is None:
        reason = "rule:needs_triage"
    elif remarked := next((remark for remark in _FOR_A_PERSON if remark in complaint.remarks), ""):
        reason = f"rule:{remarked}"
    elif door:
        reason = "rule:beyond"
    elif complaint.place and complaint.place.ambiguous:
        reason = "rule:ambiguous_place"
    elif not candidates:
        reason = "rule:nobody_competent"
    elif _ambiguous(candidates):
        reason = "rule:ambiguous"
    elif desk.apply_above is None:
        reason = "rule:suggested_only"
    elif candidates[0].score < desk.apply_above:
        reason = "rule:below_threshold"
    return (desk.coordinator, reason) if reason else (candidates[0].agency, "rule:directory")


def _candidates(complaint: Complaint, directory: Directory, region: str | None, names: Named) -> list[Candidate]:
    """Who does what the complaint is about, with all its categories that lead there; and who is addressed by name."""
    found: dict[str, list[Candidate]] = defaultdict(list)
    for category in complaint.categories:
        if one := _competent(complaint, category, directory, region or ""):
            found[one.agency].append(one)
    ranked = {agency: _together(ones) for agency, ones in found.items()}
    for agency in directory.agencies:
        if agency.code in names.mentioned and agency.serves(region or ""):
            known = ranked.get(agency.code, Candidate(agency.code, 0.0, "", agency.level, ()))
            ranked[agency.code] = _closer(known)
    return list(ranked.values())


def _impartial(complaint: Complaint, directory: Directory, region: str | None, names: Named) -> tuple[Candidate, ...]:
    """The one who looks into it: never a unit that may be accused, by its name or because it does what the complaint is about besides."""
    subject = sensitive(complaint)
    score = next(found.score for found in complaint.categories if found.code == subject)
    accused = set(names.accused)
    if subject == CORRUPTION:
        others = [found for found in complaint.categories if found.code != subject]
        accused |= {one.agency for found in others if (one := _competent(complaint, found, directory, region or ""))}
    if subject == CORRUPTION and complaint.level and not _is_of_whom(complaint.level, complaint.text):
        complaint = replace(complaint, level=None)
    level: str | None = _level(complaint, Category(subject, score, ""), region or "")[0]
    if subject == CORRUPTION and complaint.level and complaint.category and complaint.category.code in _OF_THE_ACCUSED:
        level = complaint.level.code
    rules = [f"category:{subject}", "sensitive"]
    heads = names.heads if subject == CORRUPTION else names.hurting
    if heads and level != "national":
        # Who is under the head of a government looks into nothing of which the head is accused.
        level = "national" if "province" in heads else "province"
        rules.extend(f"accused:head:{head}" for head in sorted(heads))
    # The next above is asked only where this one may not be.
    while level:
        agency = directory.competent(subject, level, region or "")
        if agency and agency.code not in accused:
            return (Candidate(agency.code, score, subject, level, (*rules, f"level:{level}")),)
        if agency:
            rules.append(f"accused:{agency.code}")
        level = _ABOVE.get(level)
    return ()


def _is_of_whom(said: Finding, text: str) -> bool:
    """Whether a school or an office is whom it is about, and not only where: "depan kampus", "anak saya sekolah di SMA", "uang sma warga" (with, in an SMS)."""
    where = [(text[max(0, start - 30) : start].lower(), text[end : end + 15].lower()) for start, end in said.spans]
    return not where or any(not (_LANDMARK.search(before) or _WITH.match(after)) for before, after in where)


def _competent(complaint: Complaint, category: Category, directory: Directory, region: str) -> Candidate | None:
    """Who does this there."""
    level, rule, factor = _level(complaint, category, region)
    rules = [f"category:{category.code}", rule]
    agency = directory.competent(category.code, level, region)
    if agency is None and level in _INSTEAD:
        rules.append(f"instead:{_INSTEAD[level]}")
        agency = directory.competent(category.code, _INSTEAD[level], region)
    if agency is None:
        return None
    return Candidate(agency.code, category.score * factor, category.code, agency.level, (*rules, f"region:{agency.region or 'all'}"))


def _level(complaint: Complaint, category: Category, region: str) -> tuple[str, str, float]:
    """The level of government, the rule that says so, and what it is worth.

    The levels of DOMAIN.md: what the text says (a road by its class, a school by its kind), else what the law says, else the regency.
    """
    said = complaint.level if complaint.category and complaint.category.code == category.code else None
    if category.code in _VERTICAL:
        level, rule, factor = "national", "level:vertical", 1.0
    elif said:
        level, rule, factor = said.code, f"level:said:{said.code}", 1.0
    elif category.code == _OFFICES and region.count(".") > 1:
        level, rule, factor = "district", "level:district", 1.0
    else:
        level, rule, factor = "regency", "level:supposed", _SUPPOSED
    if level == "regency" and region.partition(".")[0] == _CAPITAL:
        level, rule = "province", "level:capital"
    return level, rule, factor


def _together(ones: list[Candidate]) -> Candidate:
    """One agency that several categories lead to is the likelier for it."""
    first = max(ones, key=lambda one: one.score)
    rules = tuple(dict.fromkeys(rule for one in sorted(ones, key=lambda one: -one.score) for rule in one.rules))
    return replace(first, score=min(sum(one.score for one in ones), 1.0), rules=rules)


def _closer(one: Candidate) -> Candidate:
    return replace(one, score=one.score + (1 - one.score) * _ADDRESSED, rules=(*one.rules, "named"))


def _ranked(ones: Iterable[Candidate]) -> tuple[Candidate, ...]:
    candidates = sorted(ones, key=lambda one: (-one.score, one.agency))
    return tuple(replace(one, score=round(one.score, 3)) for one in candidates[:_MOST])


def _ambiguous(candidates: tuple[Candidate, ...]) -> bool:
    return any(second.score >= _AMBIGUOUS * first.score for first, second in pairwise(candidates[:2]))


def door_of(complaint: Complaint) -> str:
    """Where to go instead, one of DOORS, if it may lie beyond every public service; empty: it does not.

    Wages are no private matter: labour inspection sees to them (DOMAIN.md).
    """
    category = complaint.category.code if complaint.category else ""
    if complaint.beyond is None or category == "manpower" or sensitive(complaint):
        return ""
    if complaint.beyond.code == "private_company" and category == "finance":
        return _DOOR_OF_FINANCE
    return _DOORS[complaint.beyond.code]
