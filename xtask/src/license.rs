//! Licence expressions (SPDX): may we use this package?

use anyhow::{Result, bail};

/// The licences that Kith accepts of a dependency. `deny.toml` lists the same ones.
pub(crate) const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether the [`ALLOWED`] licences are enough to satisfy `expression`.
///
/// `AND` binds tighter than `OR`; the `/` of older manifests means `OR`.
///
/// # Errors
/// If `expression` is not a licence expression: what cannot be read is never allowed.
pub(crate) fn is_allowed(expression: &str) -> Result<bool> {
    let tokens = tokens(expression);
    let mut rest = tokens.as_slice();
    let allowed = any_of(&mut rest)?;
    match rest.first() {
        None => Ok(allowed),
        Some(token) => bail!("unexpected `{token}`"),
    }
}

/// Parentheses and slashes stand alone; everything else is separated by spaces.
fn tokens(expression: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(expression.len());
    for c in expression.chars() {
        match c {
            '(' | ')' | '/' => spaced.extend([' ', c, ' ']),
            c => spaced.push(c),
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn any_of(rest: &mut &[String]) -> Result<bool> {
    let mut allowed = all_of(rest)?;
    while take(rest, "OR") || take(rest, "/") {
        // Read the other side in any case: the expression must be well-formed as a whole.
        allowed |= all_of(rest)?;
    }
    Ok(allowed)
}

fn all_of(rest: &mut &[String]) -> Result<bool> {
    let mut allowed = one(rest)?;
    while take(rest, "AND") {
        allowed &= one(rest)?;
    }
    Ok(allowed)
}

fn one(rest: &mut &[String]) -> Result<bool> {
    if take(rest, "(") {
        let allowed = any_of(rest)?;
        if !take(rest, ")") {
            bail!("a parenthesis is never closed");
        }
        return Ok(allowed);
    }
    let mut license = name(rest)?.to_owned();
    if take(rest, "WITH") {
        license = format!("{license} WITH {}", name(rest)?);
    }
    Ok(ALLOWED.contains(&license.as_str()))
}

fn take(rest: &mut &[String], expected: &str) -> bool {
    match rest.split_first() {
        Some((token, after)) if token == expected => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn name<'a>(rest: &mut &'a [String]) -> Result<&'a str> {
    match rest.split_first() {
        Some((token, after)) if !["AND", "OR", "WITH", "/", "(", ")"].contains(&token.as_str()) => {
            *rest = after;
            Ok(token)
        }
        Some((token, _)) => bail!("expected a licence, found `{token}`"),
        None => bail!("expected a licence, found the end"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, is_allowed};

    #[test]
    fn one_allowed_choice_is_enough() {
        for expression in [
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "Unlicense/MIT",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "CC0-1.0 OR Apache-2.0 OR Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(expression).expect("well-formed"), "{expression}");
        }
    }

    #[test]
    fn every_part_of_a_conjunction_is_needed() {
        for (expression, expected) in [
            ("Apache-2.0 AND ISC", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND GPL-3.0", false),
            ("MIT OR Apache-2.0 AND GPL-3.0", true),
            ("GPL-3.0 AND MIT OR GPL-2.0", false),
            ("Apache-2.0 WITH Other-exception", false),
            ("GPL-3.0", false),
        ] {
            assert_eq!(is_allowed(expression).expect("well-formed"), expected, "{expression}");
        }
    }

    #[test]
    fn nonsense_is_an_error_not_a_licence() {
        for expression in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT Apache-2.0", "MIT WITH"] {
            assert!(is_allowed(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn deny_toml_allows_the_same_licences() {
        let deny = include_str!("../../deny.toml");
        let (_, list) = deny.split_once("\nallow = [").expect("deny.toml has the list");
        let (list, _) = list.split_once(']').expect("the list ends");
        let listed: Vec<&str> = list
            .lines()
            .map(|line| line.trim().trim_matches(['"', ',']))
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(listed, ALLOWED);
    }
}
