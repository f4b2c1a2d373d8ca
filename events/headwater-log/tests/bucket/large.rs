//! Something large takes little memory.

use std::collections::BTreeMap;
use std::time::Instant;

use headwater_log::Bucket as _;
use headwater_log::testkit::Server;
use tokio::io::AsyncReadExt as _;

use super::bed::bucket;

/// The most memory that this process has had, in KiB.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "it needs a process of its own, and a gigabyte of disk: run it with `--ignored`"]
async fn a_gigabyte_takes_some_megabytes_of_memory() {
    const BYTES: u64 = 1 << 30;
    let server = Server::start().await.unwrap();
    let bucket = bucket(&server.url()).await;
    bucket.put("warm", BTreeMap::new(), &mut tokio::io::repeat(7).take(50 << 20)).await.unwrap();
    let before = peak_kib();
    let begun = Instant::now();
    let object = bucket.put("a", BTreeMap::new(), &mut tokio::io::repeat(7).take(BYTES)).await.unwrap();
    let put = begun.elapsed();
    assert_eq!(object.size, BYTES);
    let begun = Instant::now();
    bucket.get("a", &mut tokio::io::sink()).await.unwrap();
    let got = begun.elapsed();
    let grown = peak_kib() - before;
    println!("1 GiB: put in {put:?}, read in {got:?}, {grown} KiB more memory than 50 MiB took");
    assert!(grown < 48 * 1024, "{grown} KiB");
}
