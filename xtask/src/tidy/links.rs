//! Links between our pages must lead somewhere.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Violation;

/// Checks the links of one page, named from the root. Addresses of other sites are not visited.
pub(super) fn check(page: &Path, text: &str) -> Vec<Violation> {
    targets(text)
        .into_iter()
        .filter_map(|(line, target)| {
            let what = problem(page, &target)?;
            Some(Violation { path: page.to_path_buf(), line, what })
        })
        .collect()
}

fn problem(page: &Path, target: &str) -> Option<String> {
    let (file, _) = target.split_once('#').unwrap_or((target, ""));
    let has_scheme = file.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/'));
    if file.is_empty() || has_scheme {
        return None;
    }
    let folder = page.parent().unwrap_or(Path::new(""));
    match inside(folder, &file.replace("%20", " ")) {
        None => Some(format!("the link to {target} leaves the repository")),
        Some(path) if fs::metadata(&path).is_err() => {
            Some(format!("the link to {target} leads nowhere"))
        }
        Some(_) => None,
    }
}

/// `folder/file` from the root, or `None` if it climbs above it. A leading slash is the root.
fn inside(folder: &Path, file: &str) -> Option<PathBuf> {
    let joined = match file.strip_prefix('/') {
        Some(file) => PathBuf::from(file),
        None => folder.join(file),
    };
    let mut path = PathBuf::from(".");
    let mut depth = 0_usize;
    for component in joined.components() {
        match component {
            Component::Normal(name) => {
                depth += 1;
                path.push(name);
            }
            Component::ParentDir => {
                depth = depth.checked_sub(1)?;
                path.pop();
            }
            _ => {}
        }
    }
    Some(path)
}

/// The targets of `[text](target)` and `[name]: target` with their lines, outside of code.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut targets = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let start = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| start.starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                targets.extend(line_targets(line).into_iter().map(|target| (number, target)));
            }
        }
    }
    targets
}

fn line_targets(line: &str) -> Vec<String> {
    // Every second piece between backticks is code.
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let mut found = Vec::new();
    if let Some((name, target)) = prose.split_once("]: ")
        && name.starts_with('[')
        && !name.starts_with("[^")
    {
        found.push(target);
    }
    for (start, _) in prose.match_indices("](") {
        let rest = &prose[start + 2..];
        if let Some(end) = rest.find(')') {
            found.push(&rest[..end]);
        }
    }
    // What follows a space is the title.
    found
        .into_iter()
        .filter_map(|target| target.split_whitespace().next())
        .map(|target| target.trim_matches(['<', '>']).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{inside, targets};

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = targets(text).into_iter().map(|(_, target)| target).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn links_are_found_in_prose_only() {
        check("see [a](a.md) and ![b](b.png \"B\")", &["a.md", "b.png"]);
        check("[`code`](c.md#part)", &["c.md#part"]);
        check("[name]: docs/a.md", &["docs/a.md"]);
        check("`[a](a.md)`", &[]);
        check("```\n[a](a.md)\n```\n[b](b.md)", &["b.md"]);
    }

    #[test]
    fn a_link_stays_in_the_repository() {
        let docs = Path::new("docs");
        assert_eq!(inside(docs, "a.md").as_deref(), Some(Path::new("./docs/a.md")));
        assert_eq!(inside(docs, "../README.md").as_deref(), Some(Path::new("./README.md")));
        assert_eq!(inside(docs, "/README.md").as_deref(), Some(Path::new("./README.md")));
        assert_eq!(inside(docs, "../../other.md"), None);
    }
}
