//! Draws the pictures of the render tests: `cargo run -p hyperdust-kernel --example picture -- FOLDER`.

use std::{fs::File, io::BufWriter, path::Path, time::Instant};

use hyperdust_kernel::render::{Pose, Renderer, Visuals};

#[path = "../tests/render/figures.rs"]
mod figures;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    for (name, (visuals, poses)) in [("ant", figures::ant()), ("parade", figures::parade())] {
        draw(&Path::new(&folder).join(name).with_extension("png"), &visuals, &poses)?;
    }
    Ok(())
}

fn draw(path: &Path, visuals: &Visuals, poses: &[Pose]) -> Result<(), Box<dyn std::error::Error>> {
    let (width, height) = (640, 480);
    let renderer = Renderer::new(visuals);
    let mut small = vec![0; 320 * 240 * 3];
    let best = (0..10).map(|_| {
        let started = Instant::now();
        renderer.render(poses, 320, 240, &mut small);
        started.elapsed()
    });
    println!("{}: 320 × 240 in {:?}", path.display(), best.min().unwrap_or_default());
    let mut rgb = vec![0; width * height * 3];
    renderer.render(poses, width, height, &mut rgb);
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&rgb)?;
    Ok(())
}
