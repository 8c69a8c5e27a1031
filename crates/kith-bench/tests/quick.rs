//! Every benchmark runs and counts right: how fast is not asked.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_benchmark_runs_and_gives_figures() {
    let bench = Path::new(env!("CARGO_BIN_EXE_kith-bench"));
    // Built beside it by `cargo xtask test`.
    let kith = bench.with_file_name("kith");
    assert!(kith.exists(), "build the server first: cargo build -p kith");
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(bench);
    command.arg("--kith").arg(kith).args(["--quick", "--dir"]).arg(dir.path());
    let place = dir.path().join("figures");
    let ran = command.args(["--peers", "none", "--write"]).arg(&place).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let figures: Vec<Value> =
        serde_json::from_slice(&std::fs::read(place.join("figures.json")).unwrap()).unwrap();
    let names = "publish rooms latency crowd growth idle storm resume load start history search topics texts terminal bare";
    for name in names.split(' ') {
        let of_it: Vec<&Value> = figures.iter().filter(|row| row["benchmark"] == name).collect();
        assert!(!of_it.is_empty(), "{name}");
        for figure in of_it {
            let values = figure["values"].as_array().unwrap();
            let measured = values.iter().all(|value| value.as_f64().unwrap() >= 0.0);
            assert!(values.len() == 1 && measured, "{figure}");
        }
    }
    let page = std::fs::read_to_string(place.join("figures.md")).unwrap();
    assert!(page.contains("| publish | 1 × 1: acknowledged |"), "{page}");
}

#[test]
fn clients_come_and_go_in_every_way() {
    let bench = Path::new(env!("CARGO_BIN_EXE_kith-bench"));
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(bench);
    command.args(["soak", "--quick", "--connections", "32"]);
    command.arg("--kith").arg(bench.with_file_name("kith")).arg("--dir").arg(dir.path());
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let text = String::from_utf8(ran.stdout).unwrap();
    let rounds: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().filter_map(|cell| cell.parse().ok()).collect())
        .filter(|cells: &Vec<f64>| !cells.is_empty())
        .collect();
    assert_eq!(rounds.len(), 3, "{text}");
    for round in rounds {
        let [_, connected, published, memory, files, threads, _] = round[..] else {
            panic!("{text}")
        };
        // What a client says last may be lost with its connection.
        assert!(connected == 32.0 && (48.0..=64.0).contains(&published), "{text}");
        assert!(memory > 0.0 && files > 0.0 && threads > 0.0, "{text}");
    }
}
