"""How people say when, as a grammar over the meanings of words (date_words.py): a rule is one regular expression over the characters that stand for them.

No rule repeats a repetition and each one is bounded, so the work grows with the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice

from normalizer.date_words import Token, letters, meanings, other, scan


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that a rule has read."""

    rule: str
    tokens: tuple[Token, ...]
    # Some words before it, nearest last.
    before: tuple[Token, ...]

    def value(self, meaning: str) -> int | None:
        """Of the first word that has one."""
        return next((value for token in self.tokens if (value := token.value(meaning)) is not None), None)

    def has(self, meaning: str) -> bool:
        """Whether some word of it can mean that."""
        return any(token.means(meaning) for token in self.tokens)


_NUMBER = "number (teen|tens number?)?"
_AMOUNT = f"(half|{_NUMBER}((dash|comma|dot|slash) number)?)"
_SPAN = f"({_AMOUNT} unit|single)"
_AGO = "that? ago this?"
_CLOCK = "(about? clock number ((dot|colon) digits)? zone? (part unit.day?)?)"
_PART = "(part unit.day?)"
_TAIL = f"{_PART}? {_CLOCK}?"
_CUE = "(since (unit.day? weekday comma?)?|yesterday comma?|unit.day? weekday comma?)? on? datecue? colon?"
_MARK = "(slash|dash|dot)"
# In the middle of a longer number with marks (a telephone, an account) or behind what counts something else.
_ALONE = "(?<!digits slash)(?<!digits dash)(?<!digits dot)(?<!numbercue)(?<!numbercue dot)(?<!numbercue colon)"
_ENDS = f"(?!{_MARK} digits)(?!digits)"
_WHICH_YEAR = f"comma? (unit.year? year|unit.year {_AGO}|{_AGO})?"
_DURING = "(about){0,3}"
_NOT_A_RANGE = "(?! next| until| to| that? next| (dash|and|comma|slash) weekday)"

# By name, tried in this order where two begin at the same word. The part of a name before "_" is how the value is made (date_values.py).
_RULES = {
    "date_full": f"{_ALONE} {_CUE} dayno ordinal? ((dash|until|and|comma) dayno)? of? unit.month? (month|short) comma? unit.year? year {_TAIL}",
    "date_numbers": f"{_ALONE} {_CUE} dayno {_MARK} monthno {_MARK} year {_ENDS} {_TAIL}",
    "date_iso": f"{_ALONE} {_CUE} year (slash|dash) monthno (slash|dash) dayno {_ENDS} {_TAIL}",
    "date_short": f"{_ALONE} ((since|yesterday)? datecue colon?)? dayno (slash|dash) monthno (slash|dash) yearno {_ENDS} {_TAIL}",
    "date_cued": f"{_ALONE} (since|yesterday|unit.day? weekday comma?)? datecue colon? dayno {_MARK} monthno ({_MARK} yearno)? {_ENDS} {_TAIL}",
    "date_month": f"(?<!street) {_ALONE} {_CUE} dayno ordinal? ((dash|until|and) dayno)? of? unit.month? (month|short) {_WHICH_YEAR} {_TAIL}",
    "date_words": f"(since|yesterday)? datecue dayno unit.month (monthno (unit.year? year)?|this|{_AGO}) {_TAIL}",
    "date_english": "(since|on)? (month|short) dayno ordinal? comma? year",
    "date_ordinal": "(since|on) (month|short) dayno ordinal? (?! digits| unit| month)",
    "date_day": f"(since|yesterday|unit.day? weekday comma?)? datecue colon? dayno {_AGO}? (?!{_MARK} digits) {_TAIL}",
    "month_year": "since? edge? on? unit.month? (month|short) comma? unit.year? year",
    "month_named": f"(since|on|edge){{0,3}} unit.month month ({_AGO}|this|unit.year {_AGO})?",
    "month_cued": f"(since|on|edge){{1,3}} month ({_AGO}|this|unit.year {_AGO})?",
    "month_last": f"month ({_AGO}|unit.year {_AGO})",
    "month_number": f"(since unit.month monthno (?! unit)|unit.month monthno ({_AGO}|unit.year year))",
    "ago": f"(since|already)? {_DURING} ({_AMOUNT} unit more?|single more?|several unit) {_AGO} (?! lintas) {_TAIL}",
    "ago_english": "(since|on)? last (number|several) unit",
    "weekday_week": f"(since|on)? unit.day? weekday part? unit.week {_AGO}",
    "unit_last": f"(?<!market) (since|on|edge){{0,3}} (unit.week|unit.month|unit.year) {_AGO} (?! lintas)",
    "unit_english": "(since|on|edge)? last (unit.week|unit.month|unit.year)",
    "unit_this": "(since|on|edge)? ((unit.week|unit.month|unit.year) this|this (unit.week|unit.month|unit.year)) (?! also)",
    "weekday_ago": f"(since|on)? unit.day? weekday part? (that? ago|just) (?! lintas) {_TAIL}",
    "weekday_last": f"(since|on)? last weekday {_TAIL}",
    "weekday_night": "since? part weekday (that? ago)",
    "weekday": f"((since|on) unit.day?|unit.day) weekday {_TAIL} {_NOT_A_RANGE}",
    "weekday_part": f"(?<!market) weekday {_PART} {_CLOCK}? {_NOT_A_RANGE}",
    "two_days": "(unit.day before yesterday|since? yesterday earlier|since? two_days)",
    "yesterday": f"(?<!feast) (since|on)? unit.day? yesterday (?! dash yesterday) {_TAIL}",
    "part_before": f"(since|on)? (just|mau (?=dark)|last (?=part.18)) {_PART} {_CLOCK}?",
    "part_after": f"since? ({_PART} (just|this)|dark mau) {_CLOCK}?",
    "part_this": f"since? this {_PART}",
    "part_night": f"(since|on)? lastnight {_TAIL}",
    "clock_just": f"(just {_CLOCK}|{_CLOCK} just)",
    "today_now": "(now|new only)",
    "today": f"(since|on)? (unit.day this|this unit.day|today) (?! also) {_TAIL}",
    "since": f"already {_DURING} {_SPAN} more? this? (?! times| age)",
    "since_several": f"already {_DURING} several unit this?",
    "since_without": f"(?<!within)(?<!per) {_DURING} {_SPAN} more? this? (?=neg|row)",
    "since_this": f"(?<!within)(?<!per) (since|about){{0,2}} ({_AMOUNT} unit|single) this",
    "since_state": f"(?<=state) {_SPAN} more? (?! times| work| again)",
    "since_single": "(?<!times)(?<!within)(?<!per) single more? (?! times| number times| several times| work| again)",
    "vague": "(already? (vague (dash unit)?|dozens unit)|already long|lately this)",
    "every": f"every (rain|unit.day weekday|unit.day {_PART}|unit.day|unit.week|weekday|part)  {_TAIL}",
    "today_weak": "(?<!that)(?<!like)(?<!and) just",
}
# What alone is no date in a long text, but an answer to "when did it happen?".
_ANSWERS = {
    "weekday_answer": f"unit.day? weekday {_TAIL}",
    "date_answer": f"{_ALONE} dayno {_MARK} monthno ({_MARK} yearno)? {_ENDS} {_TAIL}",
    "month_answer": f"(month|short) {_WHICH_YEAR}",
    "month_alone": "unit.month monthno",
    "since_answer": f"{_DURING} {_SPAN} more?",
    "several_answer": f"{_DURING} several unit",
    "year_answer": "year",
    "clock_answer": _CLOCK,
    "part_answer": _PART,
}
# A bare year is said of laws, budgets and birth too.
_RULES["year"] = "(?<!digits)(?<!budget)(?<!budget comma) (since|on|edge){0,2} unit.year year (?! budget| dash)"
_RULES["year_since"] = "since year (?! (dash|slash|dot|comma|colon) digits| unit)"
# What a rule of that name cannot do without, within reach: one look spares the trial of each.
_GATES = {
    "date": f".{{0,14}} (datecue|month|short|digits {_MARK} digits)",
    "month": ".{0,6} (month|short|unit.month)",
    "ago": ".{0,12} (ago|last)",
    "weekday": ".{0,5} weekday",
    "since": ".{0,10} (unit|single)",
}
# "until today", "every Monday", "aged 3 years" are said of something else; a number in the middle of a longer one is no number.
_GUARD = "(?<!until)(?<!until with)(?<!every)(?<!per)(?<!age)(?<!digits slash)(?<!digits dash)"
# What a phrase can begin with, and what can be one alone: most words of a text are passed over with a look at two.
_BEGINS = (
    "since on already about edge last this every number digits half single several dozens unit weekday part datecue month short clock"
    " yesterday just mau lastnight two_days now new today vague lately"
)
_ALONE_ENOUGH = "yesterday just lastnight two_days now today single vague"
# Phrases. Nobody says more often when it happened; a text that was made to be slow does.
_MOST_PHRASES = 100
_WORDS_BEFORE = 6


def phrases(text: str, *, answer: bool = False) -> Iterator[Phrase]:
    """What the rules find, from left to right, nothing twice and no more than a hundred. `answer`: the text says nothing but when.

    >>> [(phrase.rule, [token.word for token in phrase.tokens]) for phrase in phrases("RT 12/3 banjir sdh 3 bln")]
    [('since', ['sdh', '3', 'bln'])]
    """
    codes, spans = scan(text)
    meant = meanings()

    def tokens(first: int, end: int) -> tuple[Token, ...]:
        return tuple(Token(text[slice(*spans[place])].lower(), *spans[place], meant[codes[place]]) for place in range(max(0, first), end))

    for found in islice(_grammar(answer=answer).finditer(codes), _MOST_PHRASES):
        yield Phrase(str(found.lastgroup), tokens(*found.span()), tokens(found.start() - _WORDS_BEFORE, found.start()))


@cache
def _grammar(*, answer: bool) -> re.Pattern[str]:
    rules = _RULES | _ANSWERS if answer else _RULES
    alternatives = "|".join(_gated(family, list(named)) for family, named in groupby(rules.items(), key=lambda one: one[0].partition("_")[0]))
    begins, enough = (f"[{''.join(letters(name).strip('[]') for name in names.split())}]" for names in (_BEGINS, _ALONE_ENOUGH))
    # An answer may be one word of any kind.
    look = f"(?={begins})" if answer else f"(?={begins})(?=.[^{other()}]|{enough})"
    return re.compile(f"{look}{_compiled(_GUARD)}(?:{alternatives})")


def _gated(family: str, rules: list[tuple[str, str]]) -> str:
    alternatives = "|".join(f"(?P<{name}>{_compiled(rule)})" for name, rule in rules)
    return f"(?={_compiled(_GATES[family])})(?:{alternatives})" if family in _GATES else alternatives


def _compiled(rule: str) -> str:
    """Meanings become sets of characters, groups capture nothing, blanks go."""
    bare = re.sub(r"[a-z_]+(?:\.[0-9a-z]+)?", lambda found: letters(found[0]), rule)
    return re.sub(r"\((?!\?)", "(?:", bare).replace(" ", "")
