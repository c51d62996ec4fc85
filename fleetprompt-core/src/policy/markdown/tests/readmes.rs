//! READMEs as people write them still look right.

use super::*;

const LIBRARY: &str = r#"<h1 align="center">
  <img src="assets/logo.svg" alt="Sorter" width="200">
  <br>
  Sorter
</h1>

<p align="center">
  <a href="https://ci.example/sorter"><img src="https://ci.example/sorter.svg" alt="build"></a>
  <a href="LICENSE"><img src="https://img.example/licence-MIT.svg" alt="licence: MIT"></a>
</p>

Sorts invoices. [Quick start](#quick-start) · [Guide](docs/guide.md)

## Quick start

1. Install it:
   ```sh
   npm install --save sorter # or yarn
   ```
2. Use it:
   ```js
   const { sort } = require("sorter");
   ```

| Option | Default | What it does |
|--------|:-------:|--------------|
| `--by` | `date`  | Orders by a field, e.g. `total \| date` |

<details>
<summary>How it works</summary>

It reads, *then* sorts:

- [x] PDF
- [ ] XML

</details>

## License

MIT © Acme[^1]

[^1]: See <https://acme.example>.
"#;

#[test]
fn a_library_looks_right() {
    let rel = "rel=\"nofollow noopener ugc\"";
    let expected = format!(
        r##"<h3 align="center">
  <a href="https://github.com/acme/bot/raw/HEAD/assets/logo.svg" {rel}>Sorter</a>
  <br>
  Sorter
</h3>
<p align="center">
  <a href="https://ci.example/sorter" {rel}>build</a>
  <a href="https://github.com/acme/bot/blob/HEAD/LICENSE" {rel}>licence: MIT</a>
</p>
<p>Sorts invoices. <a href="#user-content-quick-start" {rel}>Quick start</a> · <a href="https://github.com/acme/bot/blob/HEAD/docs/guide.md" {rel}>Guide</a></p>
<h4 id="user-content-quick-start">Quick start</h4>
<ol>
<li>Install it:<pre>
<code>npm install --save sorter <span class="hl-comment"># or yarn</span>
</code></pre>
</li>
<li>Use it:<pre>
<code><span class="hl-keyword">const</span> {{ sort }} = require(<span class="hl-string">"sorter"</span>);
</code></pre>
</li>
</ol>
<table><thead><tr><th>Option</th><th align="center">Default</th><th>What it does</th></tr></thead><tbody>
<tr><td><code>--by</code></td><td align="center"><code>date</code></td><td>Orders by a field, e.g. <code>total | date</code></td></tr>
</tbody></table>
<details>
<summary>How it works</summary>
<p>It reads, <em>then</em> sorts:</p>
<ul>
<li><span class="task">☑</span> PDF</li>
<li><span class="task">☐</span> XML</li>
</ul>
</details>
<h4 id="user-content-license">License</h4>
<p>MIT © Acme<sup class="footnote-reference"><a href="#user-content-fn-1" id="user-content-fnref-1" {rel}>1</a></sup></p>
<div class="footnote" id="user-content-fn-1"><sup>1</sup>
<p>See <a href="https://acme.example/" {rel}>https://acme.example</a>.</p>
<a href="#user-content-fnref-1" {rel}>↩</a></div>
"##
    );
    assert_eq!(markdown(LIBRARY), expected);
}

const AGENT: &str = r#"# Invoice agent

> Reads invoices so that *you* don't have to.

<div align="center">

**[Website](https://agent.example)** | **[Issues](../../issues)**

</div>

Badges: [![v1][badge]][site] ![downloads][dl]

```yaml
agent: invoice # the name
retries: 3
```

Term<br/>break, H<sub>2</sub>O, press <kbd>Ctrl</kbd>+<kbd>C</kbd>.

Questions? Write to <help@agent.example> or see https://agent.example/faq.

[badge]: https://img.example/v1.svg
[dl]: https://img.example/dl.svg
[site]: https://agent.example
"#;

#[test]
fn an_agent_looks_right() {
    let rel = "rel=\"nofollow noopener ugc\"";
    let expected = format!(
        r##"<h3 id="user-content-invoice-agent">Invoice agent</h3>
<blockquote>
<p>Reads invoices so that <em>you</em> don't have to.</p>
</blockquote>
<div align="center">
<p><strong><a href="https://agent.example/" {rel}>Website</a></strong> | <strong><a href="https://github.com/acme/bot/issues" {rel}>Issues</a></strong></p>
</div>
<p>Badges: <a href="https://agent.example/" {rel}>v1</a> <a href="https://img.example/dl.svg" {rel}>downloads</a></p>
<pre>
<code>agent: invoice <span class="hl-comment"># the name</span>
retries: <span class="hl-number">3</span>
</code></pre>
<p>Term<br>break, H<sub>2</sub>O, press <kbd>Ctrl</kbd>+<kbd>C</kbd>.</p>
<p>Questions? Write to <a href="mailto:help@agent.example" {rel}>help@agent.example</a> or see <a href="https://agent.example/faq" {rel}>https://agent.example/faq</a>.</p>
"##
    );
    assert_eq!(markdown(AGENT), expected);
}

/// Nested lists, quotes in lists, code in lists, tables with empty cells, a rule, hard breaks.
const NOTES: &str = "Changes  \nsince 1.0\n\n- one\n  - two\n\n    > three\n- four\n\n---\n\n|a|b|\n|-|-|\n|1|\n\n1) x\n";

#[test]
fn release_notes_look_right() {
    let expected = "<p>Changes<br>\nsince 1.0</p>\n<ul>\n<li>one\n<ul>\n<li>\n<p>two</p>\n\
        <blockquote>\n<p>three</p>\n</blockquote>\n</li>\n</ul>\n</li>\n<li>four</li>\n</ul>\n<hr>\n\
        <table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td></td></tr>\n\
        </tbody></table>\n<ol>\n<li>x</li>\n</ol>\n";
    assert_eq!(markdown(NOTES), expected);
}
