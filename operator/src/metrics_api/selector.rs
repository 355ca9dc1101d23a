//! A label selector as it stands in a query: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Pure and strict.

use kube::core::{Expression, Selector};

/// Reads a selector; an empty one selects all.
pub fn parse(text: &str) -> Result<Selector, NotSelector> {
    if text.trim().is_empty() {
        return Ok(Selector::default());
    }
    let terms = terms(text).map(|term| expression(term.trim()).ok_or_else(|| NotSelector(term.to_owned())));
    terms.collect::<Result<Vec<_>, _>>().map(Selector::from_iter)
}

/// What can't be read as a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no term of a label selector")]
pub struct NotSelector(String);

/// Split by the commas that are not within parentheses.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.split(move |letter| {
        is_inside = if is_inside { letter != ')' } else { letter == '(' };
        letter == ',' && !is_inside
    })
}

fn expression(term: &str) -> Option<Expression> {
    if let Some(name) = term.strip_prefix('!') {
        return Some(Expression::DoesNotExist(label(name)?));
    }
    if let Some((name, values)) = term.split_once('(') {
        let values: Option<_> = values.strip_suffix(')')?.split(',').map(value).collect();
        let (name, operator) = name.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some(Expression::In(label(name)?, values?)),
            "notin" => Some(Expression::NotIn(label(name)?, values?)),
            _ => None,
        };
    }
    if let Some((name, wanted)) = term.split_once("!=") {
        return Some(Expression::NotEqual(label(name)?, value(wanted)?));
    }
    match term.split_once("==").or(term.split_once('=')) {
        Some((name, wanted)) => Some(Expression::Equal(label(name)?, value(wanted)?)),
        None => Some(Expression::Exists(label(term)?)),
    }
}

fn label(text: &str) -> Option<String> {
    value(text).filter(|name| !name.is_empty())
}

/// The letters of labels, with the prefix of a name.
fn value(text: &str) -> Option<String> {
    let text = text.trim();
    let is_one = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/');
    text.chars().all(is_one).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kube::core::SelectorExt;

    use super::*;

    #[test]
    fn selector_selects_by_all_of_its_terms() {
        let labels: BTreeMap<_, _> =
            [("app", "live"), ("livecluster.io/pool", "default")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let cases = [
            ("", true),
            ("app=live", true),
            ("app==live,livecluster.io/pool=default", true),
            ("app=other", false),
            ("app!=live", false),
            ("app in (x, live),livecluster.io/pool", true),
            ("app notin (x,y)", true),
            ("app notin (x,live)", false),
            ("!app", false),
            ("!other", true),
            ("other", false),
        ];
        for (text, expected) in cases {
            let selector = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));

            assert_eq!(selector.matches(&labels), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a=b=c", "a in (b", "a within (b)", "=b", "a,", "!", "a>1", "a in b)", "(a)"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
