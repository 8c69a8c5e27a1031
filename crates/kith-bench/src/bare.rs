//! The limit: what the kernel takes to send a message to each of many sockets, with nothing else
//! done.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kith_burst::{Burst, Shot};
use rustix::event::epoll::{self, EventData, EventFlags};

use crate::Plan;
use crate::report::{Figure, each};
use crate::server::onto_servers_processor;

const BENCH: &str = "bare";
/// About what a message of 128 characters takes as a frame.
const FRAME_BYTES: usize = 400;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let sockets = plan.count(1000, 20);
    let mut figures = Vec::new();
    for (batch, told) in [(1, "one message"), (16, "16 messages")] {
        for name in ["send(2)", "io_uring"] {
            let what = format!("{name} to {sockets} sockets, {told} at a time: each message");
            let mut figure = Figure::new(BENCH, what, "µs");
            for _ in 0..plan.times {
                let burst = if name == "io_uring" { Burst::new() } else { Burst::one_by_one() };
                figure.add(of(plan, sockets, batch, burst)?, None);
            }
            figures.push(figure);
        }
    }
    Ok(figures)
}

/// Processor time of each message.
fn of(plan: &Plan, count: usize, batch: usize, burst: Burst) -> Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for _ in 0..count {
        far.push(TcpStream::connect(listener.local_addr()?)?);
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        near.push(socket);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&far, &done));
        let sending = scope.spawn(|| {
            let took = send(plan, &near, batch, burst);
            done.store(true, Ordering::Relaxed);
            // Whoever reads waits for more.
            near.iter().try_for_each(|socket| socket.shutdown(std::net::Shutdown::Both))?;
            took
        });
        let took = sending.join().ok().context("sending failed")?;
        reading.join().ok().context("reading failed")??;
        took
    })
}

fn send(plan: &Plan, sockets: &[TcpStream], batch: usize, mut burst: Burst) -> Result<f64> {
    onto_servers_processor()?;
    let bytes = vec![b'x'; FRAME_BYTES * batch];
    let shots: Vec<Shot<'_>> =
        sockets.iter().map(|socket| Shot { socket: socket.as_fd(), bytes: &bytes }).collect();
    let rounds = plan.count(200, 5);
    let mut results = Vec::new();
    let (mut took, mut sent) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        let began = Instant::now();
        burst.send(&shots, &mut results);
        took += began.elapsed();
        sent += results.drain(..).filter(|result| result.as_ref().is_ok_and(|n| *n > 0)).count();
        // As between two messages of a stream: what was in the processor's cache is there no more.
        std::thread::sleep(Duration::from_millis(5));
    }
    anyhow::ensure!(sent == rounds * sockets.len(), "sockets were full");
    Ok(each(took, (sent * batch) as u64))
}

fn read(sockets: &[TcpStream], done: &AtomicBool) -> Result<()> {
    let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (number, socket) in sockets.iter().enumerate() {
        epoll::add(&ready, socket.as_fd(), EventData::new_u64(number as u64), EventFlags::IN)?;
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut events = Vec::with_capacity(1024);
    while !done.load(Ordering::Relaxed) {
        epoll::wait(&ready, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let mut socket = &sockets[event.data.u64() as usize];
            let _ = socket.read(&mut buffer)?;
        }
    }
    Ok(())
}
