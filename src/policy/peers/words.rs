//! The two forms the texts have: a command line, and keyword arguments or lines of YAML.

use super::PeerError;

/// Most of a text that a message quotes, in bytes.
const QUOTED: usize = 40;

/// The start of a text, cut between two characters.
pub(super) fn start(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or("");
    let mut end = line.len().min(QUOTED);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or("")
}

/// A text without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// The text up to a place, and from it on.
fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// A text from its first word on. Between words a backslash continues a line, as `^` and a backtick do in
/// other shells, and a `#` comments out the rest of one.
fn to_word(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let next = if let Some(comment) = text.strip_prefix('#') {
            comment.split_once('\n').map_or("", |(_, rest)| rest)
        } else {
            match text.strip_prefix(['\\', '^', '`']) {
                Some(rest) if rest.chars().next().is_none_or(char::is_whitespace) => rest,
                _ => return text,
            }
        };
        text = next.trim_start();
    }
}

/// The next word of a command line, and what is behind it; quotes around a word are taken off. As in a
/// shell, a backslash makes a letter of a quotation mark or a space, but not between single quotes.
pub(super) fn word(text: &str) -> Result<Option<(&str, &str)>, PeerError<'_>> {
    let text = to_word(text);
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c == '\\' && chars.as_str().starts_with(['\n', '\r']) => {
                let (word, rest) = cut(text, at);
                return Ok(Some((unquoted(word), rest)));
            }
            None | Some('"') if c == '\\' => {
                let _letter = chars.next();
            }
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => {
                let (word, rest) = cut(text, at);
                return Ok(Some((unquoted(word), rest)));
            }
            _ => {}
        }
    }
    if quote.is_some() {
        return Err(PeerError::Item {
            given: start(text),
            form: "\"words\": the quotation mark is not closed",
        });
    }
    Ok((!text.is_empty()).then_some((unquoted(text), "")))
}

/// A part of a text of keyword arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item<'a> {
    /// `Name(`, or `key=Name(`, or `key:` at the end of a line.
    Class {
        /// The key before it; empty if there is none.
        key: &'a str,
        /// What is called; empty for a key alone.
        name: &'a str,
    },
    /// `key=value` or `key: value`.
    Option {
        /// Its name.
        key: &'a str,
        /// What it is set to, with its brackets and without quotes.
        value: &'a str,
    },
    /// A value without a name, of the class that was last entered.
    Value(&'a str),
}

/// The parts of a text of keyword arguments: `Name(key=value, …)`, with or without the name, or lines
/// `key: value`. A `#` comments out the rest of a line, and lines of imports are gone over.
pub(super) struct Items<'a> {
    rest: &'a str,
    depth: u32,
    /// The depth within the class that was last entered.
    class: u32,
    is_class: fn(&str) -> bool,
}

impl<'a> Items<'a> {
    /// `is_class` tells classes from other calls that a value may be.
    pub(super) const fn new(text: &'a str, is_class: fn(&str) -> bool) -> Self {
        Self {
            rest: text,
            depth: 0,
            class: 0,
            is_class,
        }
    }

    /// The next part.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>, PeerError<'a>> {
        self.skip()?;
        if self.rest.is_empty() {
            return match self.depth {
                0 => Ok(None),
                _ => Err(PeerError::Item {
                    given: "(",
                    form: "(key=value): a bracket is not closed",
                }),
            };
        }
        let (key, rest) = name(self.rest);
        let rest = rest.trim_start_matches([' ', '\t']);
        let whole = self.rest;
        let class = (self.is_class)(last_part(key));
        let bad = || PeerError::Item {
            given: start(whole),
            form: if class {
                "Name(key=value): its brackets are missing"
            } else {
                "key=value"
            },
        };
        let within = self.depth > 0 && self.depth == self.class;
        let called = last_part(key);
        if let (Some(inside), false) = (rest.strip_prefix('('), key.is_empty())
            && (!within || class || called.ends_with("Config"))
        {
            self.enter(inside);
            return Ok(Some(Item::Class {
                key: "",
                name: called,
            }));
        }
        let yaml = rest.strip_prefix(':');
        let set = yaml.or_else(|| rest.strip_prefix('='));
        let Some(rest) = set.filter(|_| !key.is_empty()) else {
            let end = value_end(whole).filter(|end| within && *end > 0);
            let (value, rest) = cut(whole, end.ok_or(bad())?);
            if value.starts_with('*') {
                let form = "key=value: write the arguments out";
                return Err(PeerError::Item { given: value, form });
            }
            self.rest = rest;
            return Ok(Some(Item::Value(unquoted(value))));
        };
        let rest = rest.trim_start_matches([' ', '\t']);
        let (called, behind) = name(rest);
        if let Some(inside) = behind.strip_prefix('(')
            && (self.is_class)(last_part(called))
        {
            // Outside of brackets the key is a variable.
            let key = if self.depth == 0 { "" } else { key };
            self.enter(inside);
            let name = last_part(called);
            return Ok(Some(Item::Class { key, name }));
        }
        let end = value_end(rest).ok_or(bad())?;
        let (value, rest) = cut(rest, end);
        self.rest = rest;
        let value = unquoted(value);
        if !value.is_empty() {
            return Ok(Some(Item::Option { key, value }));
        }
        match yaml {
            Some(_) => Ok(Some(Item::Class { key, name: "" })),
            None => Err(bad()),
        }
    }

    fn enter(&mut self, inside: &'a str) {
        self.depth = self.depth.saturating_add(1);
        self.class = self.depth;
        self.rest = inside;
    }

    fn bad(&self, form: &'static str) -> PeerError<'a> {
        PeerError::Item {
            given: start(self.rest),
            form,
        }
    }

    /// Goes over what stands between two parts.
    fn skip(&mut self) -> Result<(), PeerError<'a>> {
        loop {
            let rest = self
                .rest
                .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\\' | ';'));
            self.rest = rest;
            let line = ["#", "from ", "import "].into_iter();
            if let Some(comment) = line.filter_map(|head| rest.strip_prefix(head)).next() {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(behind) = rest.strip_prefix(')') {
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or_else(|| self.bad("key=value: a bracket closes that was not opened"))?;
                self.rest = behind;
            } else {
                return Ok(());
            }
        }
    }
}

/// A name at the start of a text, and the rest.
fn name(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
        .unwrap_or(text.len());
    cut(text, end)
}

/// A name without the modules before it.
fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Where a value ends: at a comma, a line's end, a comment or a bracket that closes, outside of its own
/// brackets and quotes. `None` if those are not closed.
fn value_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth = depth.saturating_add(1),
            (None, ')' | ']' | '}') if depth == 0 => return Some(at),
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',' | '\n' | '\r' | '#' | ';') if depth == 0 => return Some(at),
            _ => {}
        }
    }
    (depth == 0 && quote.is_none()).then_some(text.len())
}
