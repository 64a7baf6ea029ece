//! Puts the page's files where the binary takes them from.
//!
//! `page/dist/page.js` is made by `npm run build`, which a plain `cargo build` does not need: without it the page says how.

use std::{env, fs, path::Path};

fn main() {
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    for (file, missing) in [
        ("index.html", ""),
        ("page.css", ""),
        (
            "dist/page.js",
            "document.body.textContent = 'The page was not built: npm ci && npm run build in actors/page, then cargo build.';\n",
        ),
    ] {
        let source = Path::new("page").join(file);
        println!("cargo:rerun-if-changed=page/{file}");
        let bytes = fs::read(&source).unwrap_or_else(|_| missing.as_bytes().to_vec());
        let name = source.file_name().expect("they are files");
        fs::write(Path::new(&out).join(name), bytes).expect("cargo's folder can be written");
    }
}
