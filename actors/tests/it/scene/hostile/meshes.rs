//! glTF: counts beyond any file, nodes in circles, offsets that wrap.

use super::{Case, beside, sound_file};

/// The sound scene with a fixed body of this mesh.
fn mesh(name: &'static str, words: &'static str, contents: Vec<u8>) -> Case {
    let body = "[[body]]\nname = \"rock\"\nfixed = true\n[[body.collider]]\nshape = \"mesh\"\nfile = \"rock.glb\"\n";
    let scene = format!("{}\n{body}", sound_file("scene.toml")).into_bytes();
    beside(name, words, vec![("scene.toml", scene), ("rock.glb", contents)])
}

/// A container of this JSON and binary chunk.
fn glb(json: &str, binary: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut data = data.to_vec();
        data.resize(data.len().next_multiple_of(4), b' ');
        [&(data.len() as u32).to_le_bytes()[..], kind, &data].concat()
    };
    let chunks = [chunk(b"JSON", json.as_bytes()), chunk(b"BIN\0", binary)].concat();
    [&b"glTF"[..], &2u32.to_le_bytes(), &(12 + chunks.len() as u32).to_le_bytes(), &chunks].concat()
}

/// One triangle, with one replacement in the JSON.
fn triangle(from: &str, to: &str) -> Vec<u8> {
    let json = r#"{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
"meshes":[{"primitives":[{"attributes":{"POSITION":0},"indices":1}]}],"buffers":[{"byteLength":48}],
"bufferViews":[{"buffer":0,"byteOffset":0,"byteLength":36},{"buffer":0,"byteOffset":36,"byteLength":12}],
"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3"},{"bufferView":1,"componentType":5125,"count":3,"type":"SCALAR"}]}"#;
    assert!(json.contains(from), "the triangle has no {from:?}");
    let corners = [0.0f32, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let mut binary: Vec<u8> = corners.iter().flat_map(|x| x.to_le_bytes()).collect();
    binary.extend([0u32, 1, 2].iter().flat_map(|index| index.to_le_bytes()));
    glb(&json.replacen(from, to, 1), &binary)
}

pub(super) fn cases() -> Vec<Case> {
    let whole = triangle("", "");
    let nan = {
        let mut bytes = whole.clone();
        let at = bytes.len() - 48;
        bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    let index = {
        let mut bytes = whole.clone();
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes
    };
    // Each node holds the next one twice: 2^30 meshes in thirty nodes.
    let doubled: Vec<String> =
        (1..31).map(|n| format!("{{\"children\":[{n},{n}]}}")).chain(["{\"mesh\":0}".into()]).collect();
    let many = (0..50_000).map(|_| "{\"attributes\":{\"POSITION\":0},\"indices\":1}").collect::<Vec<_>>().join(",");
    vec![
        mesh("an empty mesh", "rock.glb", Vec::new()),
        mesh("half a mesh", "container", whole[..whole.len() / 2].to_vec()),
        mesh("a chunk of four gigabytes", "container", [&whole[..12], &u32::MAX.to_le_bytes(), &whole[16..]].concat()),
        mesh("a picture", "not glTF", b"\x89PNG\r\n\x1a\n".to_vec()),
        mesh("a billion vertices", "elements in one accessor", triangle("\"count\":3", "\"count\":1000000000")),
        mesh("more vertices than integers", "glTF", triangle("\"count\":3", "\"count\":99999999999999999999")),
        mesh("vertices beyond the file", "outside its buffer", triangle("\"count\":3", "\"count\":100000")),
        mesh(
            "an offset that wraps",
            "outside its buffer",
            triangle("\"byteOffset\":36", "\"byteOffset\":18446744073709551615"),
        ),
        mesh(
            "no stride",
            "outside its buffer",
            triangle("\"byteLength\":36", "\"byteLength\":36,\"byteStride\":18446744073709551615"),
        ),
        mesh("a vertex of NaN", "not finite", nan),
        mesh("a corner that is not there", "whole triangles", index),
        mesh("lines", "triangle lists", triangle("\"indices\":1", "\"indices\":1,\"mode\":1")),
        mesh(
            "a sparse mesh",
            "dense ones",
            triangle(
                "\"count\":3",
                "\"count\":3,\"sparse\":{\"count\":1,\"indices\":{\"bufferView\":1,\"componentType\":5125},\"values\":{\"bufferView\":0}}",
            ),
        ),
        mesh("a node of itself", "too deep", triangle("{\"mesh\":0}", "{\"mesh\":0,\"children\":[0]}")),
        mesh("nodes beyond counting", "nodes", triangle("{\"mesh\":0}", &doubled.join(","))),
        mesh(
            "fifty thousand parts",
            "too many primitives",
            triangle("{\"attributes\":{\"POSITION\":0},\"indices\":1}", &many),
        ),
        mesh("a scale of infinity", "the point", triangle("{\"mesh\":0}", "{\"mesh\":0,\"scale\":[1e38,1e38,1e38]}")),
        mesh(
            "a mesh of the system",
            "relative path",
            triangle("{\"byteLength\":48}", "{\"byteLength\":48,\"uri\":\"/etc/passwd\"}"),
        ),
        mesh(
            "a mesh from outside",
            "without `..`",
            triangle("{\"byteLength\":48}", "{\"byteLength\":48,\"uri\":\"../../x.bin\"}"),
        ),
        mesh(
            "a mesh of the net",
            "relative path",
            triangle("{\"byteLength\":48}", "{\"byteLength\":48,\"uri\":\"http://example.com/x\"}"),
        ),
        mesh(
            "a thousand buffers",
            "too many buffers",
            triangle("{\"byteLength\":48}", &vec!["{\"byteLength\":48,\"uri\":\"rock.glb\"}"; 1000].join(",")),
        ),
        mesh("deep JSON", "glTF", glb(&format!("{{\"extras\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), &[])),
        mesh("five megabytes of JSON", "at most 4194304", glb(&format!("{{\"x\":\"{}\"}}", "x".repeat(5 << 20)), &[])),
    ]
}
