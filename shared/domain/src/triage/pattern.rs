//! Finds what the rules name in the words of a text.
//!
//! A pattern is written as a person would say it:
//! - `late`: this word. `verspät*`: words that begin so. `*fahrer`: words that end so. `*schloss*`: words that hold it.
//! - `@door`: any word of a group.
//! - `late|spät`: either.
//! - `zu spät`: one after the other. `tür .. klemmt`: up to four words may stand between, in the same sentence.
//!
//! What is written in a pattern is compared as in [`super::words::fold`]. Words of eight letters and more may have one
//! mistake (a letter too many, missing, wrong, or two swapped) behind the first letter, where they are no word of a rule
//! themselves.

use std::collections::{HashMap, HashSet};

use super::words::{Word, fold};

/// How many words may stand where a pattern says `..`.
const GAP_WORDS_MAX: usize = 4;

/// The shortest word in which a mistake is forgiven: in shorter ones it makes too many other words ("late" and
/// "date", "waiting" and "writing").
const FORGIVEN_FROM_LETTERS: usize = 8;

type TermId = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Whole,
    Begins,
    Ends,
    Holds,
}

#[derive(Debug)]
struct Term {
    letters: String,
    shape: Shape,
}

#[derive(Debug)]
struct Step {
    terms: Vec<TermId>,
    /// Whether other words may stand before it.
    apart: bool,
}

#[derive(Debug)]
struct Pattern {
    rule: usize,
    steps: Vec<Step>,
}

/// All patterns of all rules, ready to be looked for.
#[derive(Debug, Default)]
pub struct Patterns {
    terms: Vec<Term>,
    ids: HashMap<(String, Shape), TermId>,
    /// What a word has to be, or to begin with.
    whole: HashMap<String, TermId>,
    begins: HashMap<String, TermId>,
    within: Vec<TermId>,
    /// Long enough to forgive a mistake, by first letter.
    forgiving: HashMap<u8, Vec<TermId>>,
    right: HashSet<String>,
    patterns: Vec<Pattern>,
    /// Which patterns begin with a term.
    starts: HashMap<TermId, Vec<usize>>,
}

/// A pattern found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule whose pattern it is.
    pub rule: usize,
    /// Which words, in their order.
    pub words: Vec<usize>,
}

impl Patterns {
    /// Words in which no mistake is looked for.
    pub fn add_right_words(&mut self, words: &str) {
        self.right.extend(words.split_whitespace().map(fold));
    }

    /// Adds a pattern of a rule. `groups` says what stands for `@name`.
    pub fn add(&mut self, rule: usize, pattern: &str, groups: &[(&str, &str)]) {
        let (mut steps, mut apart) = (Vec::new(), false);
        for step in pattern.split_whitespace() {
            if step == ".." {
                apart = true;
                continue;
            }
            let terms = self.alternatives(step, groups);
            steps.push(Step { terms, apart });
            apart = false;
        }
        let Some(first) = steps.first() else { return };
        let own = self.patterns.len();
        for term in &first.terms {
            self.starts.entry(*term).or_default().push(own);
        }
        self.patterns.push(Pattern { rule, steps });
    }

    fn alternatives(&mut self, step: &str, groups: &[(&str, &str)]) -> Vec<TermId> {
        let mut terms = Vec::new();
        for written in step.split('|') {
            match written.strip_prefix('@') {
                Some(name) => {
                    let members = groups.iter().find(|(group, _)| *group == name).map_or("", |(_, members)| members);
                    terms.extend(members.split_whitespace().map(|it| self.term(it)));
                }
                None => terms.push(self.term(written)),
            }
        }
        terms
    }

    fn term(&mut self, written: &str) -> TermId {
        let letters = fold(written.trim_matches('*'));
        let shape = match (written.starts_with('*'), written.ends_with('*')) {
            (false, false) => Shape::Whole,
            (false, true) => Shape::Begins,
            (true, false) => Shape::Ends,
            (true, true) => Shape::Holds,
        };
        if let Some(id) = self.ids.get(&(letters.clone(), shape)) {
            return *id;
        }
        let id = self.terms.len();
        match shape {
            Shape::Whole => drop(self.whole.insert(letters.clone(), id)),
            Shape::Begins => drop(self.begins.insert(letters.clone(), id)),
            Shape::Ends | Shape::Holds => self.within.push(id),
        }
        let forgiven = matches!(shape, Shape::Whole | Shape::Begins) && letters.len() >= FORGIVEN_FROM_LETTERS;
        if let Some(first) = letters.bytes().next().filter(|_| forgiven) {
            self.forgiving.entry(first).or_default().push(id);
        }
        self.ids.insert((letters.clone(), shape), id);
        self.terms.push(Term { letters, shape });
        id
    }

    /// The terms that a word is.
    fn terms_of(&self, word: &str) -> Vec<TermId> {
        let mut terms: Vec<TermId> = self.whole.get(word).copied().into_iter().collect();
        let beginnings = word.char_indices().map(|(at, c)| &word[..at + c.len_utf8()]);
        terms.extend(beginnings.filter_map(|beginning| self.begins.get(beginning)));
        terms.extend(self.within.iter().filter(|id| {
            let Term { letters, shape } = &self.terms[**id];
            if *shape == Shape::Ends { word.ends_with(letters) } else { word.contains(letters) }
        }));
        let forgivable = terms.is_empty() && word.len() + 1 >= FORGIVEN_FROM_LETTERS && !self.right.contains(word);
        if let Some(alike) = word.bytes().next().and_then(|first| self.forgiving.get(&first)).filter(|_| forgivable) {
            terms.extend(alike.iter().filter(|id| {
                let Term { letters, shape } = &self.terms[**id];
                has_one_mistake(word.as_bytes(), letters.as_bytes(), *shape == Shape::Begins)
            }));
        }
        terms
    }

    /// Every place of the text where a pattern is. The work grows with the number of words, not faster: from each word
    /// a pattern looks at a bounded number of the following ones.
    pub fn find(&self, words: &[Word]) -> Vec<Hit> {
        let terms: Vec<Vec<TermId>> = words.iter().map(|word| self.terms_of(&word.folded)).collect();
        let mut hits = Vec::new();
        for at in 0..words.len() {
            for pattern in terms[at].iter().filter_map(|term| self.starts.get(term)).flatten() {
                let pattern = &self.patterns[*pattern];
                if let Some(words) = pattern.follow(at, words, &terms) {
                    hits.push(Hit { rule: pattern.rule, words });
                }
            }
        }
        hits
    }
}

impl Pattern {
    fn follow(&self, at: usize, words: &[Word], terms: &[Vec<TermId>]) -> Option<Vec<usize>> {
        let mut found = vec![at];
        for step in &self.steps[1..] {
            let last = found.last()?;
            let reach = if step.apart { GAP_WORDS_MAX + 1 } else { 1 };
            let next = (last + 1..words.len().min(last + 1 + reach))
                .take_while(|next| words[*next].sentence == words[at].sentence)
                .find(|next| terms[*next].iter().any(|term| step.terms.contains(term)))?;
            found.push(next);
        }
        Some(found)
    }
}

/// Whether `word` is `meant` with exactly one mistake behind the first letter: one letter more, less or other, or two
/// swapped. Where `meant` is a beginning, more may follow.
fn has_one_mistake(word: &[u8], meant: &[u8], beginning: bool) -> bool {
    let ends = |word: &[u8], meant: &[u8]| if beginning { word.starts_with(meant) } else { word == meant };
    let same = word.iter().zip(meant).take_while(|(a, b)| a == b).count();
    if same == 0 {
        return false;
    }
    let (word, meant) = (&word[same..], &meant[same..]);
    match (word, meant) {
        (_, []) => ends(word.get(1..).unwrap_or_default(), meant),
        ([], [_]) => true,
        ([], _) => false,
        ([_, after @ ..], [_, rest @ ..]) => {
            let swapped = word.len() > 1 && meant.len() > 1 && word[0] == meant[1] && word[1] == meant[0];
            ends(after, meant) || ends(word, rest) || ends(after, rest) || (swapped && ends(&word[2..], &meant[2..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    const GROUPS: &[(&str, &str)] = &[("door", "tür* door*")];

    /// What the text says of this pattern, cut out of it.
    fn found(pattern: &str, text: &str) -> Vec<String> {
        let mut patterns = Patterns::default();
        patterns.add(0, pattern, GROUPS);
        let words = split(text, 1_000);
        let said = |hit: &Hit| hit.words.iter().map(|at| words[*at].folded.as_str()).collect::<Vec<_>>().join(" ");
        patterns.find(&words).iter().map(said).collect()
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_word() {
        assert_eq!(found("verspät*", "Verspätet! Die Verspätungen. Unverspätet"), ["verspaetet", "verspaetungen"]);
        assert_eq!(found("*fahrer", "Paketfahrer, Fahrer, Fahrerin"), ["paketfahrer", "fahrer"]);
        assert_eq!(found("*schloss*", "Türschlosses"), ["tuerschlosses"]);
        assert_eq!(found("late", "later latest late"), ["late"]);
    }

    #[test]
    fn words_follow_each_other_or_stand_apart_within_one_sentence() {
        assert_eq!(found("zu spät", "zu spät, zu oft spät").len(), 1);
        assert_eq!(found("@door .. klemmt|stuck", "Die Tür von Fach 7 klemmt"), ["tuer klemmt"]);
        assert!(found("@door .. klemmt|stuck", "Die Tür. Klemmt").is_empty());
        assert!(found("@door .. stuck", "door a b c d e stuck").is_empty());
        assert_eq!(found("@door .. stuck", "door a b c d stuck").len(), 1);
    }

    #[test]
    fn one_mistake_in_a_long_word_is_forgiven_and_none_in_a_short_one() {
        for written in ["beschedigt", "beschaedgt", "beschaedigtt", "beshcädigt", "beschädikt"] {
            assert_eq!(found("beschädigt", written).len(), 1, "{written}");
        }
        for written in ["beschwert", "bestätigt", "geschädigt", "beschädi", ""] {
            assert!(found("beschädigt", written).is_empty(), "{written}");
        }
        assert!(found("late", "date lat latte").is_empty());
        assert_eq!(found("damag*", "damgaed").len(), 0, "too short a beginning");
        assert_eq!(found("beschädig*", "beschedigungen").len(), 1);
    }

    #[test]
    fn a_group_that_nobody_has_defined_is_never_found() {
        assert!(found("@nothing", "nothing").is_empty());
    }
}
