//! The terminal: keys from it, lines onto it, and everything as it was at the end.

use std::io::{self, Stdout, Write as _, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers,
};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use crate::line::{Line, Look};
use crate::model::{Key, Size};
use crate::render::Screen;

/// Whether the terminal is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over until this is dropped, or something panics.
pub(crate) struct Terminal {
    out: Stdout,
    size: Size,
    /// What it shows.
    shown: Vec<Line>,
}

/// What the terminal says.
pub(crate) enum Said {
    Key(Key),
    /// It has another size now.
    Resized,
}

impl Terminal {
    /// Takes the terminal over.
    pub(crate) fn take() -> io::Result<Self> {
        // Before the message is printed, or it would be lost with the screen that it is on.
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            give_back();
            report(panicked);
        }));
        let size = size()?;
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut terminal = Terminal { out: stdout(), size, shown: Vec::new() };
        let out = &mut terminal.out;
        execute!(out, EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap)?;
        Ok(terminal)
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Shows a screen, as far as it differs from what is shown.
    pub(crate) fn show(&mut self, screen: Screen) -> io::Result<()> {
        queue!(self.out, BeginSynchronizedUpdate, Hide)?;
        for (row, line) in screen.lines.iter().enumerate() {
            if self.shown.get(row) != Some(line) {
                queue!(self.out, MoveTo(0, coordinate(row)), Clear(ClearType::CurrentLine))?;
                for piece in line.pieces() {
                    put_on(&mut self.out, piece.look())?;
                    let text = Print(piece.text());
                    queue!(self.out, text, SetAttribute(Attribute::Reset), ResetColor)?;
                }
            }
        }
        if let Some((column, row)) = screen.cursor {
            queue!(self.out, MoveTo(coordinate(column), coordinate(row)), Show)?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()?;
        self.shown = screen.lines;
        Ok(())
    }

    /// Waits for the terminal to say something.
    pub(crate) fn listen(&mut self) -> io::Result<Said> {
        loop {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    if let Some(key) = meaning(key) {
                        return Ok(Said::Key(key));
                    }
                }
                Event::Paste(text) => return Ok(Said::Key(Key::Text(text))),
                Event::Resize(..) => {
                    self.size = size()?;
                    self.shown.clear();
                    execute!(self.out, Clear(ClearType::All))?;
                    return Ok(Said::Resized);
                }
                _ => {}
            }
        }
    }

    /// Whether the terminal has said something already.
    pub(crate) fn has_more(&self) -> io::Result<bool> {
        event::poll(std::time::Duration::ZERO)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the terminal what it was before, once: the second time, what was printed since would be
/// written over. What fails now can't be shown to anybody.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let (line_wrap, paste) = (EnableLineWrap, DisableBracketedPaste);
    let _ = execute!(stdout(), EndSynchronizedUpdate, line_wrap, paste, LeaveAlternateScreen, Show);
    let _ = terminal::disable_raw_mode();
}

fn size() -> io::Result<Size> {
    let (columns, rows) = terminal::size()?;
    Ok(Size { columns: columns.into(), rows: rows.into() })
}

fn coordinate(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn put_on(out: &mut Stdout, look: Look) -> io::Result<()> {
    match look {
        Look::Plain => Ok(()),
        Look::Faint => queue!(out, SetAttribute(Attribute::Dim)),
        Look::Strong => queue!(out, SetAttribute(Attribute::Bold)),
        Look::Marked => queue!(
            out,
            SetAttribute(Attribute::Bold),
            SetAttribute(Attribute::Underlined),
            SetForegroundColor(Color::Yellow)
        ),
        Look::Pointer => queue!(out, SetForegroundColor(Color::Cyan)),
        Look::Notice => queue!(out, SetForegroundColor(Color::Yellow)),
        Look::Alarm => queue!(out, SetForegroundColor(Color::Red)),
    }
}

fn meaning(key: KeyEvent) -> Option<Key> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Key::Quit),
            KeyCode::Char('h') => Some(Key::Backspace),
            KeyCode::Char('k') => Some(Key::NextKind),
            KeyCode::Char('o') => Some(Key::NextOrder),
            KeyCode::Char('u') => Some(Key::Clear),
            KeyCode::Char('w') => Some(Key::DeleteWord),
            _ => None,
        };
    }
    match key.code {
        KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::ALT) => {
            Some(Key::Text(c.to_string()))
        }
        KeyCode::Backspace => Some(Key::Backspace),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Home => Some(Key::Home),
        KeyCode::End => Some(Key::End),
        KeyCode::Tab => Some(Key::Complete),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Escape),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        let key = |code, modifiers| meaning(KeyEvent::new(code, modifiers));
        let control = |c| key(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(control('c'), Some(Key::Quit));
        assert_eq!(control('u'), Some(Key::Clear));
        assert_eq!(control('o'), Some(Key::NextOrder));
        assert_eq!(control('k'), Some(Key::NextKind));
        assert_eq!(control('x'), None, "and is not typed either");
        assert_eq!(key(KeyCode::Char('x'), KeyModifiers::ALT), None);
        let shifted = key(KeyCode::Char('X'), KeyModifiers::SHIFT);
        assert_eq!(shifted, Some(Key::Text("X".to_owned())));
        assert_eq!(key(KeyCode::Tab, KeyModifiers::NONE), Some(Key::Complete));
    }
}
