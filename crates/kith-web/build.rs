//! Has the crate built anew when the pages were: what is embedded is listed when it is compiled.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
