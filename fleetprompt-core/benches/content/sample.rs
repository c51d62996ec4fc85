//! A README of 20 KB, as long ones are: headings, prose with links, lists, tables, code, badges,
//! some HTML.

/// A README whose code names its language, or leaves it away.
pub(crate) fn readme(highlighted: bool) -> String {
    let mut text = String::from(HEAD);
    for number in 1.. {
        let section = section(number, highlighted);
        if text.len() + section.len() > 20 * 1_024 {
            break;
        }
        text += &section;
    }
    text + "\n[guide]: docs/guide.md\n[^1]: Measured on two cores.\n"
}

const HEAD: &str = r#"<h1 align="center">Invoice sorter</h1>

<p align="center">
  <a href="https://ci.example/sorter"><img src="https://ci.example/sorter.svg" alt="build"></a>
  <img src="https://img.example/licence.svg" alt="licence: MIT">
</p>

[![version](https://img.example/v1.svg)](https://registry.example/sorter) Sorts invoices by what
they say. Fast[^1], and **safe to run twice**.

"#;

fn section(number: u32, highlighted: bool) -> String {
    let (rust, shell) = if highlighted { ("rust", "sh") } else { ("", "") };
    format!(
        r#"## Step {number}: collect and sort

Point it at a folder, and it reads *every* invoice in there, whatever format it is in; see the
[guide][guide] or [the list of formats](docs/formats.md#step-{number}). Where two say the same, the
newer one wins & the older is kept aside. Questions go to https://forum.example/t/{number}.

- reads `PDF`, `XML` and plain text
- keeps what it can't read
  1. in a folder of its own
  2. with a note that says why
- [x] needs no network

```{shell}
sorter --from ./inbox --to ./sorted --step {number} # writes nothing without --to
```

```{rust}
// Sorts what is in the inbox.
fn main() -> Result<(), Error> {{
    let inbox = Inbox::open("./inbox")?;
    for invoice in inbox.read({number})? {{
        println!("{{}} <{{}}>", invoice.number, invoice.sender);
    }}
    Ok(())
}}
```

| Option | Default | What it does |
|--------|:-------:|--------------|
| `--by` | `date` | orders by a field of the invoice |
| `--dry` | *off* | says what would be done, and does nothing |

<details>
<summary>What if it fails?</summary>

It stops, leaves everything in its place, and says [which invoice](docs/faq.md) it was.

</details>

> A note: step {number} can be left out.

"#
    )
}
