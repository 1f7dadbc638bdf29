//! What a complaint is about and how grave it is, by rules that can be read and changed in one file: `triage/rules.rs`.
//!
//! The customer's own reasons, the ratings and the words of the text are put together. The rules say why: which words
//! spoke for what. Where they find nothing that decides, they say so, and a person looks. What they find opens no case,
//! blames nobody and never touches a driver's standing, other than by a locker's fault speaking for the driver
//! (`case.rs`); a person decides.
//!
//! The work grows with the text and no faster: some 2,700 instructions for a character, a millisecond for 2,000 of them, and
//! five milliseconds once in a process to put the rules together.
//!
//! There is no stemming: German puts words together ("Paketfahrer", "aufgebrochen"), which no stemmer takes apart, and the
//! beginnings and ends of words that rules name (`pattern.rs`) cover inflection as well. There is no port for a model
//! either, since there is none to be plugged in: whoever has one would add what it says to `grounds`, as one more
//! ground that decides nothing alone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::case::{CaseSeverity, Category};
use crate::feedback::{Ratings, TEXT_CHARS_MAX};
use crate::seeded::bug;

mod pattern;
mod rules;
mod words;

use pattern::{Hit, Patterns};
use rules::{DENYING, GROUPS, NO_MISTAKES, NOT_DENIED_BEYOND, RULES, Rule, Says, TAKEN_BACK_BY};
use words::Word;

/// How many grounds are kept beside a case: more than anybody reads.
const GROUNDS_MAX: usize = 24;

/// How many characters of the words that decided are kept with a ground; the place in the text tells the rest. Enough for
/// what rules name, and small beside the text where somebody writes words without end.
const WORDS_CHARS_MAX: usize = 80;

/// From how much evidence on a category is one: what a rule is sure of and what the customer has named are enough
/// alone; a hint or a bad rating needs another one.
const ENOUGH: u8 = 2;

/// How many words a denial reaches over: "nicht wirklich so ganz beschädigt".
const DENIAL_WORDS_MAX: usize = 4;

/// What a complaint is about, as far as rules can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triage {
    /// The worst of what it is about. Of what is [`unsure`](Self::unsure) the likeliest, or [`Category::Other`].
    pub category: Category,
    /// What else it is about, worst first.
    pub further: Vec<Category>,
    pub severity: CaseSeverity,
    /// Whether nothing decided. A person then says what it is about.
    pub unsure: bool,
    /// What it rests on: what the customer named, then the words in their order, then ratings.
    pub grounds: Vec<Ground>,
}

/// Something that speaks for a category or a severity, or against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ground", rename_all = "snake_case")]
pub enum Ground {
    /// The customer has named it.
    Named { category: Category },
    /// These words of the text say so, in the characters `from` to `until`.
    Said { category: Category, words: String, from: u16, until: u16 },
    /// These words deny it: "nicht beschädigt".
    Denied { category: Category, words: String, from: u16, until: u16 },
    /// These words make it grave: medicine, a lawyer, the third time.
    Grave { words: String, from: u16, until: u16 },
    /// A bad rating of that side of the delivery.
    Rated { category: Category },
}

/// The rules, ready to be looked for: put together once for each process.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let mut patterns = Patterns::default();
    patterns.add_right_words(NO_MISTAKES);
    for (nth, rule) in RULES.iter().enumerate() {
        for pattern in rule.patterns.lines().flat_map(|line| line.split(',')) {
            patterns.add(nth, pattern, GROUPS);
        }
    }
    patterns
});

/// A place in the text that a rule speaks about.
struct Finding<'a> {
    rule: &'a Rule,
    words: Vec<usize>,
    denied: bool,
}

impl Finding<'_> {
    fn first(&self) -> usize {
        self.words[0]
    }

    fn last(&self) -> usize {
        self.words[self.words.len() - 1]
    }
}

/// Says what a complaint is about from what the customer named, rated and wrote. Words about safety go before all
/// others; of several that stand in the same place the longer one counts ("Tür kaputt" is the locker's, "kaputt" the
/// parcel's). Of the text the first [`TEXT_CHARS_MAX`] characters are read.
pub fn triage(named: &BTreeSet<Category>, ratings: Ratings, text: &str) -> Triage {
    let words = words::split(text, TEXT_CHARS_MAX);
    let findings = findings(&words);
    let mut evidence = Evidence::default();
    let mut grounds = Vec::new();
    for category in named {
        // Somebody who names "other" has not said what it is about.
        evidence.add(*category, if *category == Category::Other { 0 } else { ENOUGH });
        grounds.push(Ground::Named { category: *category });
    }
    let mut grave = false;
    let mut hints: BTreeSet<(Category, &str)> = BTreeSet::new();
    let chars: Vec<char> = text.chars().take(TEXT_CHARS_MAX).collect();
    for finding in &findings {
        let (from, until) = (words[finding.first()].from, words[finding.last()].until);
        let words_said: String = chars[from..until].iter().take(WORDS_CHARS_MAX).collect();
        let (from, until) = (from as u16, until as u16);
        grounds.push(match (finding.rule.says, finding.denied) {
            (Says::Nothing, _) | (Says::Grave, true) => continue,
            (Says::Grave, false) => {
                grave = true;
                Ground::Grave { words: words_said, from, until }
            }
            (Says::Is(category) | Says::Hints(category), true) => {
                Ground::Denied { category, words: words_said, from, until }
            }
            (Says::Is(Category::PrivacyOrSafety), false) if bug("safety_words_are_overlooked") => continue,
            (Says::Is(category), false) => {
                evidence.add(category, ENOUGH);
                Ground::Said { category, words: words_said, from, until }
            }
            (Says::Hints(category), false) => {
                // The same word again is no second hint.
                if hints.insert((category, &words[finding.first()].folded)) {
                    evidence.add(category, 1);
                }
                Ground::Said { category, words: words_said, from, until }
            }
        });
    }
    for (bad, category) in [
        (ratings.condition.is_bad(), Category::Damage),
        (ratings.punctuality.is_bad(), Category::Delay),
        (ratings.driver.is_bad(), Category::Conduct),
    ] {
        if bad {
            evidence.add(category, 1);
            grounds.push(Ground::Rated { category });
        }
    }
    grounds.truncate(GROUNDS_MAX);
    let mut decided = evidence.decided();
    let unsure = decided.is_empty();
    if unsure {
        decided.push(evidence.likeliest());
    }
    // A guess makes nothing grave, unless it may be about somebody's safety.
    let grave = grave || evidence.of(Category::PrivacyOrSafety) > 0;
    let severity = decided.iter().filter(|_| !unsure).map(|it| it.severity()).max().unwrap_or(CaseSeverity::Minor);
    let severity = if grave { severity.max(CaseSeverity::Serious) } else { severity };
    let category = decided.remove(0);
    Triage { category, further: decided, severity, unsure, grounds }
}

/// How much speaks for each category, worst first.
#[derive(Default)]
struct Evidence([u8; Category::ALL.len()]);

impl Evidence {
    fn add(&mut self, category: Category, weight: u8) {
        let own = &mut self.0[category as usize];
        *own = own.saturating_add(weight);
    }

    fn of(&self, category: Category) -> u8 {
        self.0[category as usize]
    }

    fn decided(&self) -> Vec<Category> {
        Category::ALL.into_iter().filter(|it| self.of(*it) >= ENOUGH).collect()
    }

    /// What most speaks for, where anything does and nothing else as much.
    fn likeliest(&self) -> Category {
        let most = Category::ALL.into_iter().map(|it| self.of(it)).max().unwrap_or(0);
        let mut likeliest = Category::ALL.into_iter().filter(|it| self.of(*it) == most);
        match (likeliest.next(), likeliest.next()) {
            (Some(only), None) if most > 0 => only,
            _ => Category::Other,
        }
    }
}

/// What the rules find, in the order of the text. Each word speaks for one rule only: that about safety first, else the
/// one that names most words there.
fn findings(words: &[Word]) -> Vec<Finding<'static>> {
    let mut hits = PATTERNS.find(words);
    // What a denial belongs to stands in its clause: "no damage, on time" is not "not on time".
    hits.retain(|hit| {
        hit.words
            .windows(2)
            .all(|pair| words[pair[0]].clause == words[pair[1]].clause || !is_one_of(&words[pair[0]], DENYING))
    });
    let rank = |hit: &Hit| {
        let first_of_all = matches!(RULES[hit.rule].says, Says::Nothing | Says::Is(Category::PrivacyOrSafety));
        let reach = hit.words[hit.words.len() - 1] - hit.words[0];
        (!first_of_all, usize::MAX - hit.words.len(), reach, hit.words[0], hit.rule)
    };
    hits.sort_by_key(rank);
    let mut taken = vec![false; words.len()];
    let mut findings = Vec::new();
    for hit in hits {
        if hit.words.iter().any(|at| taken[*at]) {
            continue;
        }
        for at in &hit.words {
            taken[*at] = true;
        }
        findings.push(Finding { rule: &RULES[hit.rule], words: hit.words, denied: false });
    }
    for finding in &mut findings {
        finding.denied = is_denied(finding, words, &taken);
    }
    findings.sort_by_key(Finding::first);
    findings
}

fn is_one_of(word: &Word, list: &str) -> bool {
    list.split_whitespace().any(|it| it == word.folded)
}

/// Whether the words around it say that it was not so: "nicht beschädigt", "ohne Kratzer", "kaputt war es nicht". A rule
/// that names a denial itself ("nicht angekommen") is not denied by it.
fn is_denied(finding: &Finding, words: &[Word], taken: &[bool]) -> bool {
    let is = |at: usize, list: &str| is_one_of(&words[at], list);
    let clause = words[finding.first()].clause;
    let mut denied = false;
    // Those inside the finding do not count among the words that a denial reaches over.
    for at in (finding.first().saturating_sub(DENIAL_WORDS_MAX)..finding.last()).rev() {
        if finding.words.contains(&at) {
            continue;
        }
        if (at < finding.first() && words[at].clause != clause) || is(at, NOT_DENIED_BEYOND) {
            break;
        }
        // A denial that belongs to another finding is none of this one.
        if is(at, DENYING) && !taken[at] {
            // "nicht ohne Kratzer": two denials, one after the other, are none.
            denied = !(at > 0 && words[at - 1].clause == clause && is(at - 1, DENYING));
            break;
        }
    }
    let after: Vec<usize> = (finding.last() + 1..words.len().min(finding.last() + 2 + DENIAL_WORDS_MAX))
        .take_while(|at| words[*at].clause == words[finding.last()].clause)
        .collect();
    let afterwards = after.iter().position(|at| is(*at, DENYING) && !taken[*at]);
    let taken_back =
        afterwards.is_some_and(|nth| nth + 1 == after.len() && after[..nth].iter().all(|at| is(*at, TAKEN_BACK_BY)));
    denied != taken_back
}

#[cfg(test)]
mod tests;
