//! What it costs to refuse a bomb, and to take an image: time, and memory at its peak.
//!
//! Each figure is taken in a process of its own, which reads the file first and then says how far
//! its memory grew (`VmHWM` in `/proc/self/status`), so it needs Linux.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on says where, and ends")]
#![expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]

use std::process::Command;
use std::time::Instant;

use fleetprompt_core::media::redraw;
use fleetprompt_core::port::ImageRole;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, GrayImage, ImageEncoder, ImageResult, RgbImage};

/// The side of a square of 50 megapixels.
const BOMB: u32 = 7_072;
/// How often a figure is taken; the median counts, of memory the most.
const ROUNDS: usize = 9;

fn main() {
    if let Some(file) = std::env::var_os("FLEETPROMPT_BENCH_FILE") {
        return measure(&std::fs::read(file).unwrap());
    }
    let bomb = DynamicImage::from(GrayImage::new(BOMB, BOMB));
    for (name, file) in [
        ("bomb_png", png(&bomb)),
        ("bomb_jpeg", written(|file| bomb.write_with_encoder(JpegEncoder::new(file)))),
        ("bomb_webp", written(|file| bomb.to_rgb8().write_with(WebPEncoder::new_lossless(file)))),
    ] {
        let Taken { millis, megabytes, refused } = take(&file);
        assert!(refused, "{name} was taken");
        println!("{name}: {} bytes for {BOMB} by {BOMB} pixels", file.len());
        figure(&format!("{name}_refused"), millis, "ms", 5.0);
        figure(&format!("{name}_memory"), megabytes, "MB", 10.0);
    }
    let screenshot = DynamicImage::from(RgbImage::from_fn(1_920, 1_080, shade));
    let largest = DynamicImage::from(RgbImage::from_fn(4_096, 2_197, shade));
    for (name, file) in [
        ("screenshot_png", png(&screenshot)),
        ("screenshot_jpeg", written(|file| screenshot.write_with_encoder(JpegEncoder::new(file)))),
        ("largest_png", png(&largest)),
        ("largest_jpeg", written(|file| largest.write_with_encoder(JpegEncoder::new(file)))),
    ] {
        let Taken { millis, megabytes, refused } = take(&file);
        assert!(!refused, "{name} was refused");
        println!("{name}: taken in {millis:.0} ms with {megabytes:.0} MB");
    }
}

/// Waves and a gradient: neither flat nor noise.
fn shade(x: u32, y: u32) -> image::Rgb<u8> {
    let wave = ((f64::from(x) / 23.0).sin() * (f64::from(y) / 31.0).cos() * 100.0 + 120.0) as u8;
    image::Rgb([wave, (x / 16 % 256) as u8, (y / 16 % 256) as u8])
}

fn png(image: &DynamicImage) -> Vec<u8> {
    written(|file| image.write_with_encoder(PngEncoder::new(file)))
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> ImageResult<()>) -> Vec<u8> {
    let mut file = Vec::new();
    write(&mut file).unwrap();
    file
}

trait WriteWith {
    fn write_with(&self, encoder: impl ImageEncoder) -> ImageResult<()>;
}

impl WriteWith for RgbImage {
    fn write_with(&self, encoder: impl ImageEncoder) -> ImageResult<()> {
        self.write_with_encoder(encoder)
    }
}

struct Taken {
    millis: f64,
    megabytes: f64,
    refused: bool,
}

/// Redraws a file in processes of their own.
fn take(file: &[u8]) -> Taken {
    let path = std::env::temp_dir().join(format!("fleetprompt-bench-{}", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let mut rounds: Vec<(f64, f64, bool)> = (0..ROUNDS)
        .map(|_| {
            let mut child = Command::new(std::env::current_exe().unwrap());
            let said = child.env("FLEETPROMPT_BENCH_FILE", &path).output().unwrap();
            let said = String::from_utf8(said.stdout).unwrap();
            let mut words = said.split_whitespace();
            let mut next = || words.next().unwrap().to_owned();
            (next().parse().unwrap(), next().parse().unwrap(), next() == "refused")
        })
        .collect();
    std::fs::remove_file(&path).unwrap();
    rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    Taken {
        millis: rounds.get(ROUNDS / 2).unwrap().0,
        megabytes: rounds.iter().map(|round| round.1).fold(0.0, f64::max),
        refused: rounds.iter().all(|round| round.2),
    }
}

/// Redraws a file, and says how long it took, how far memory grew, and what became of it.
fn measure(file: &[u8]) {
    let before = peak_kilobytes();
    let begun = Instant::now();
    let drawn = redraw(file, ImageRole::Screenshot);
    let millis = begun.elapsed().as_secs_f64() * 1e3;
    let grown = (peak_kilobytes() - before) / 1024.0;
    println!("{millis} {grown} {}", if drawn.is_err() { "refused" } else { "taken" });
}

/// The most memory that the process ever had.
fn peak_kilobytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn figure(name: &str, value: f64, unit: &str, goal: f64) {
    let met = if value <= goal { "met" } else { "missed" };
    println!("figure {name} {value:.3} {unit} goal <= {goal} {met}");
}
