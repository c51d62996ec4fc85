//! The pages, as a reader, a crawler, an attacker and a browser meet them.

mod answers;
#[cfg(unix)]
mod browser;
mod canaries;
mod catalogue;
mod crawl;
mod dom;
mod markup;
#[cfg(unix)]
mod webdriver;
