//! The reference page: the table of routes for people to read, without scripts.

use std::fmt::Write;
use std::sync::LazyLock;

use super::reply::Page;
use super::route::{Kind, ROOT, Route, path_parameter, show};
use super::{TABLE, openapi};

pub(super) const ROUTES: &[Route] = &[
    show("/", "This reference", page),
    show("/reference.css", "The style of the reference", style),
    show("/openapi.json", "The OpenAPI document of this interface", openapi::page),
    show("/protocol.json", "The JSON Schemas of the WebSocket's frames", protocol),
];

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.9em ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.5rem 0.75rem; border: 1px solid #8886; border-radius: 4px; }
section { border-top: 1px solid #8886; padding-top: 0.5rem; margin-top: 1.5rem; }
h3 { font-weight: 600; margin-bottom: 0; overflow-wrap: anywhere; }
dt { font-weight: 600; }
dd { margin-left: 1.5rem; }
";

fn style() -> Page {
    Page { content_type: "text/css; charset=utf-8", body: STYLE.to_owned() }
}

fn protocol() -> Page {
    static TEXT: LazyLock<String> = LazyLock::new(|| kith_proto::schema::document().to_string());
    Page { content_type: "application/json", body: TEXT.clone() }
}

fn page() -> Page {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut html = String::new();
        // Writing to a string cannot fail.
        let _ = write(&mut html);
        html
    });
    Page { content_type: "text/html; charset=utf-8", body: TEXT.clone() }
}

fn write(html: &mut String) -> std::fmt::Result {
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Kith: REST</title>\n\
         <link rel=\"stylesheet\" href=\"{ROOT}/reference.css\">\n</head>\n<body>\n\
         <h1>Kith: REST</h1>\n\
         <p>All paths are below <code>{ROOT}</code>. Say who you are with \
         <code>Authorization: Bearer kith_…</code>. A command with an \
         <code>Idempotency-Key</code> happens once, however often it is said. Answers that went \
         wrong are <code>application/problem+json</code>; programs decide by their \
         <code>code</code>. Schemas are in the \
         <a href=\"{ROOT}/openapi.json\">OpenAPI document</a>.</p>\n<nav>\n<ul>\n"
    )?;
    for (title, _) in TABLE {
        writeln!(html, "<li><a href=\"#{}\">{title}</a></li>", anchor(title))?;
    }
    html.write_str("</ul>\n</nav>\n<main>\n")?;
    for (title, routes) in TABLE {
        writeln!(html, "<h2 id=\"{}\">{title}</h2>", anchor(title))?;
        for route in *routes {
            section(html, route)?;
        }
    }
    html.write_str("</main>\n</body>\n</html>\n")
}

fn section(html: &mut String, route: &Route) -> std::fmt::Result {
    let verb = route.verb.name().to_uppercase();
    let id = openapi::operation_id(route);
    writeln!(html, "<section id=\"{id}\">\n<h3><code>{verb} {}</code></h3>", escape(route.path))?;
    writeln!(html, "<p>{}.</p>", marked(route.summary))?;
    html.write_str("<dl>\n")?;
    for name in route.parameters() {
        if let Some((kind, about)) = path_parameter(route, name) {
            parameter(html, name, kind, about)?;
        }
    }
    for param in route.query {
        parameter(html, &format!("?{}", param.name), param.kind, param.about)?;
    }
    html.write_str("</dl>\n")?;
    if let Some(body) = route.body {
        writeln!(html, "<pre>{}</pre>", escape(body.example))?;
    }
    let problems = openapi::problems(route);
    if !problems.is_empty() {
        html.write_str("<p>Errors:")?;
        for (status, codes) in problems {
            write!(html, " {status}")?;
            for code in codes {
                write!(html, " <code>{code}</code>")?;
            }
            html.write_char(';')?;
        }
        html.pop();
        html.write_str(".</p>\n")?;
    }
    html.write_str("</section>\n")
}

fn parameter(html: &mut String, name: &str, kind: Kind, about: &str) -> std::fmt::Result {
    let kind = match kind {
        Kind::Id(prefix) => format!("<code>{prefix}…</code>"),
        Kind::Number => "a number".to_owned(),
        Kind::Text(chars_max) => format!("at most {chars_max} characters"),
    };
    writeln!(html, "<dt><code>{}</code> ({kind})</dt>\n<dd>{}</dd>", escape(name), marked(about))
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped, with what stands between backticks as code.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(i, part)| match i % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    });
    parts.collect()
}
