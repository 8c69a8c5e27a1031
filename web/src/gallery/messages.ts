// Messages of every kind, hostile ones included.

export const MESSAGES = [
  "Hi @ana, @bob and @nobody: the kettle is on in #tea, not in #nowhere. :tada: See https://kith.example/c/1/s/2/3",
  "Some **bold**, *italic*, ***both***, ~~struck~~ and `code` text, a [link to *somewhere*](https://a.example/path) and https://example.org/a_b_c.\nA second line.\n\nA second paragraph ||with a **spoiler** in it|| and an end.",
  "# A title\n## A smaller one\n> Quoted words\n> > and deeper ones\n\n1. first\n2. second\n   - nested\n   - again\n\n- [x] put the kettle on\n- [ ] buy biscuits",
  "```rust\n/// Says hello.\nfn greet(name: &str) -> String {\n    let count = 42; // why not\n    format!(\"hello {name}, {count}\")\n}\n```\n\n```\nplain text \u202e turned around\n```",
  "| tea | minutes | left |\n| :-- | :-: | --: |\n| green | 2 | `3` |\n| black, which is a long name for a tea that has to wrap somewhere | 4 | **12** |",
  "🎉🫖",
  "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
  "שלום @bob, זה **טקסט** מימין לשמאל\n\nand \u202eturned\u202c back, unclosed \u202e **here** https://example.org",
];
