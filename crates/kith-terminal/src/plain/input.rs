//! Lines of standard input, each of a bounded length.

use std::io::{BufRead, Read};

use tokio::sync::mpsc;

/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Lines that may wait.
const LINES_MAX: usize = 16;

/// Lines that are read in a thread of their own, for reading them cannot be given up.
#[derive(Debug)]
pub(crate) struct Input {
    lines: mpsc::Receiver<Result<String, String>>,
}

impl Input {
    /// Reads standard input, or anything else.
    pub(crate) fn start(reader: impl BufRead + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel(LINES_MAX);
        std::thread::spawn(move || read(reader, &sender));
        Self { lines }
    }

    /// The next line, without its end, or what is wrong with it; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<String, String>> {
        self.lines.recv().await
    }
}

fn read(mut reader: impl BufRead, lines: &mpsc::Sender<Result<String, String>>) {
    loop {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
        let line = match reader.by_ref().take(limit).read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) if bytes.len() > LINE_BYTES_MAX => {
                if skip_line(&mut reader).is_err() {
                    return;
                }
                Err(format!("a line has at most {LINE_BYTES_MAX} bytes"))
            }
            Ok(_) => {
                let line =
                    String::from_utf8(bytes).map_err(|_| "a line is text in UTF-8".to_owned());
                line.map(|line| line.trim_end_matches(['\n', '\r']).to_owned())
            }
            Err(error) => {
                // Who cannot be read any more has said what there was to say.
                let _ = lines.blocking_send(Err(format!("standard input: {error}")));
                return;
            }
        };
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let available = reader.fill_buf()?;
        let end = available.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(available.len(), |at| at + 1);
        reader.consume(count);
        if count == 0 || end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_and_text() {
        let mut bytes = b"one\r\n".to_vec();
        bytes.extend(vec![b'x'; 3 * LINE_BYTES_MAX]);
        bytes.extend(b"\n\xff\nlast");
        let mut input = Input::start(Cursor::new(bytes));
        assert_eq!(input.next().await, Some(Ok("one".to_owned())));
        assert!(input.next().await.unwrap().unwrap_err().contains("at most"));
        assert!(input.next().await.unwrap().unwrap_err().contains("UTF-8"));
        assert_eq!(input.next().await, Some(Ok("last".to_owned())));
        assert_eq!(input.next().await, None);
    }
}
