//! A text as words that can be compared, each with where it stands.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word that is compared, in characters: longer than any that rules name. What is beyond is not looked at.
const WORD_CHARS_MAX: usize = 40;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it is compared: see [`fold`].
    pub folded: String,
    /// Where it stands, in characters of the text.
    pub from: usize,
    pub until: usize,
    /// Which clause and which sentence of the text it belongs to, counted from 0.
    pub clause: usize,
    pub sentence: usize,
}

/// Splits a text into words, clauses and sentences. Looks at the first `chars_max` characters only.
pub fn split(text: &str, chars_max: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut clause, mut sentence) = (0, 0);
    let mut letters = String::new();
    let (mut from, mut until) = (0, 0);
    for (at, c) in text.chars().take(chars_max).chain([' ']).enumerate() {
        let joins = joins(c) && !letters.is_empty();
        if c.is_alphanumeric() || is_combining_mark(c) || joins {
            if letters.is_empty() {
                from = at;
            }
            letters.push(c);
            if !joins {
                until = at + 1;
            }
            continue;
        }
        if !letters.is_empty() {
            words.push(Word { folded: fold(&letters), from, until, clause, sentence });
            letters.clear();
        }
        if ends_sentence(c) {
            sentence += 1;
            clause += 1;
        } else if ends_clause(c) {
            clause += 1;
        }
    }
    words.retain(|word| !word.folded.is_empty());
    words
}

/// What can stand inside a word and says nothing: apostrophes, hyphens at line ends, marks without width.
fn joins(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | '´' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ';' | '…' | '\n')
}

fn ends_clause(c: char) -> bool {
    matches!(c, ',' | ':' | '(' | ')' | '–' | '—' | '"' | '„' | '“' | '”')
}

/// A word as it is compared: in lower case and compatibility form (NFKC), ä, ö, ü and ß written out, other accents
/// left out, and a letter that is drawn out (three times or more: "sooo") once.
pub fn fold(word: &str) -> String {
    let plain = word.chars().filter(|c| !joins(*c)).take(WORD_CHARS_MAX).nfkc().flat_map(char::to_lowercase).collect();
    let mut folded = String::with_capacity(word.len() + 4);
    for c in squeeze(plain).chars() {
        match c {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'a'..='z' | '0'..='9' => folded.push(c),
            _ => folded.extend([c].into_iter().nfd().filter(|c| c.is_alphanumeric())),
        }
    }
    folded
}

fn squeeze(word: String) -> String {
    let mut squeezed = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        let mut times = 1;
        while rest.next_if_eq(&c).is_some() {
            times += 1;
        }
        squeezed.push(c);
        if times == 2 || c.is_ascii_digit() {
            squeezed.extend(std::iter::repeat_n(c, times - 1));
        }
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_the_same_however_it_is_written() {
        for written in
            ["verspätet", "VERSPÄTET", "verspa\u{308}tet", "verspaetet", "ｖｅｒｓｐäｔｅｔ", "ver\u{ad}spätet"]
        {
            assert_eq!(fold(written), "verspaetet", "{written}");
        }
        for (written, folded) in [
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("didn’t", "didnt"),
            ("café", "cafe"),
            ("ﬁnally", "finally"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }

    #[test]
    fn drawn_out_letters_count_once_and_numbers_stay() {
        assert_eq!(["sooo", "kaputttt", "spääät", "zoo", "1000"].map(fold), ["so", "kaput", "spaet", "zoo", "1000"]);
    }

    #[test]
    fn a_word_knows_its_place_clause_and_sentence() {
        let place = |it: &Word| (it.folded.clone(), it.from, it.until, it.clause, it.sentence);
        let text = "Zu spät, 'kaputt'! Ärger's";
        let expected = [("zu", 0, 2, 0, 0), ("spaet", 3, 7, 0, 0), ("kaputt", 10, 16, 1, 0), ("aergers", 19, 26, 2, 1)];
        let expected = expected.map(|(word, from, until, clause, at)| (word.to_owned(), from, until, clause, at));
        assert_eq!(split(text, 100).iter().map(place).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_read_beyond_the_limit() {
        assert_eq!(split("late damaged", 6).len(), 2);
        assert_eq!(split("late damaged", 5).len(), 1);
        assert_eq!(split(&"ä".repeat(100), 100)[0].folded, "ae".to_owned());
    }
}
