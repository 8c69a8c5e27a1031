//! The promises of `Burst`, over real sockets, through the ring and without it.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::*;

fn both(test: impl Fn(Burst)) {
    test(Burst::new());
    test(Burst::one_by_one());
}

#[test]
fn every_socket_gets_its_own_bytes() {
    both(|mut burst| {
        for count in [0, 1, 2, 3, 255, 256, 257, 600] {
            let pairs: Vec<(UnixStream, UnixStream)> =
                (0..count).map(|_| UnixStream::pair().unwrap()).collect();
            let texts: Vec<String> = (0..count).map(|number| format!("for {number}")).collect();
            let shots: Vec<Shot<'_>> = pairs
                .iter()
                .zip(&texts)
                .map(|((socket, _), text)| Shot { socket: socket.as_fd(), bytes: text.as_bytes() })
                .collect();
            let mut results = Vec::new();
            burst.send(&shots, &mut results);
            assert_eq!(results.len(), count);
            for ((result, text), (_, other)) in results.iter().zip(&texts).zip(&pairs) {
                assert_eq!(result.as_ref().unwrap(), &text.len());
                let mut got = vec![0; text.len()];
                let mut other = other;
                other.read_exact(&mut got).unwrap();
                assert_eq!(got, text.as_bytes());
            }
        }
    });
}

#[test]
fn a_full_socket_and_a_closed_one_stop_no_other() {
    both(|mut burst| {
        let pairs: Vec<(UnixStream, UnixStream)> =
            (0..6).map(|_| UnixStream::pair().unwrap()).collect();
        let much = vec![7; 8 << 20];
        let mut pairs = pairs.into_iter();
        let (gone, other) = pairs.next().unwrap();
        drop(other);
        let (full, _kept) = pairs.next().unwrap();
        let rest: Vec<(UnixStream, UnixStream)> = pairs.collect();
        let mut shots = vec![
            Shot { socket: gone.as_fd(), bytes: b"to nobody" },
            Shot { socket: full.as_fd(), bytes: &much },
        ];
        shots.extend(rest.iter().map(|(to, _)| Shot { socket: to.as_fd(), bytes: b"hello" }));
        let mut results = Vec::new();
        burst.send(&shots, &mut results);
        assert_eq!(results[0].as_ref().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let sent = *results[1].as_ref().unwrap();
        assert!(0 < sent && sent < much.len(), "a part of it: {sent}");
        assert!(results[2..].iter().all(|result| matches!(result, Ok(5))), "{results:?}");
        shots.remove(0);
        burst.send(&shots, &mut results);
        assert_eq!(results[0].as_ref().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(results[1..].iter().all(|result| matches!(result, Ok(5))), "{results:?}");
    });
}
