//! Runs one target: under libFuzzer with the feature `libfuzzer`, else on the files that are named.
#![cfg_attr(feature = "libfuzzer", no_main)]

#[cfg(feature = "libfuzzer")]
mod libfuzzer {
    use std::sync::OnceLock;

    use kith_fuzz::Target;

    static TARGET: OnceLock<&'static Target> = OnceLock::new();

    /// Takes the target from the environment, for libFuzzer has the arguments, and puts its seeds
    /// where libFuzzer will look for them.
    fn begin() {
        let name = std::env::var("KITH_FUZZ_TARGET").unwrap_or_default();
        let Some(target) = kith_fuzz::target(&name) else {
            eprintln!("KITH_FUZZ_TARGET={name:?} names no target: use `cargo xtask fuzz`");
            std::process::exit(2);
        };
        TARGET.get_or_init(|| target);
        if let Some(corpus) = std::env::var_os("KITH_FUZZ_CORPUS") {
            for (index, seed) in (target.seeds)().iter().enumerate() {
                let path = std::path::Path::new(&corpus).join(format!("seed-{index}"));
                if let Err(error) = std::fs::write(&path, seed) {
                    eprintln!("{}: {error}", path.display());
                    std::process::exit(2);
                }
            }
        }
    }

    libfuzzer_sys::fuzz_target!(init: begin(), |input: &[u8]| {
        if let Some(target) = TARGET.get() {
            kith_fuzz::budget::within(target.run, input);
        }
    });
}

#[cfg(not(feature = "libfuzzer"))]
fn main() -> anyhow::Result<()> {
    use std::io::Write;

    use anyhow::Context;

    let mut args = std::env::args_os().skip(1);
    let name = args.next().unwrap_or_default();
    if name == "--list" {
        let names: Vec<&str> = kith_fuzz::TARGETS.iter().map(|target| target.name).collect();
        return Ok(writeln!(std::io::stdout(), "{}", names.join("\n"))?);
    }
    let target = name.to_str().and_then(kith_fuzz::target);
    let target = target.context("say which target, and the files to run it on")?;
    for path in args {
        let input = std::fs::read(&path).with_context(|| path.to_string_lossy().into_owned())?;
        kith_fuzz::budget::within(target.run, &input);
    }
    Ok(())
}
