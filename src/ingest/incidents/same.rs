//! Whether a file of a call is one that it was given already, under another name or packed in another way.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::ingest::input::{Format, Input};

/// How much of a file tells most others apart.
const HEAD: u64 = 4096;

/// For every file the first one before it that holds the same bytes once they are unpacked.
///
/// Only of files whose heads are equal more than the head is read. What cannot be read is told by whoever reads it; a
/// shapefile has its rows in files beside it, and is not compared.
pub(super) fn earlier(inputs: &[Input]) -> Vec<Option<usize>> {
    let heads: Vec<Option<[u8; 32]>> = if inputs.len() < 2 {
        vec![None; inputs.len()]
    } else {
        let whole = |input: &&Input| input.format != Format::Shapefile;
        inputs.iter().map(|input| Some(input).filter(whole).and_then(|input| digest(input, HEAD))).collect()
    };
    let mut wholes: Vec<Option<Option<[u8; 32]>>> = vec![None; inputs.len()];
    let mut whole = |at: usize| *wholes[at].get_or_insert_with(|| digest(&inputs[at], u64::MAX));
    let mut same = |at: usize, before: usize| {
        heads[at].is_some()
            && heads[at] == heads[before]
            && inputs[at].layer() == inputs[before].layer()
            && whole(at).is_some()
            && whole(at) == whole(before)
    };
    (0..inputs.len()).map(|at| (0..at).find(|&before| same(at, before))).collect()
}

fn digest(input: &Input, upto: u64) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut reader = input.open().ok()?.take(upto);
    let mut part = vec![0; 1 << 16];
    loop {
        match reader.read(&mut part) {
            Ok(0) => return Some(hash.finalize().into()),
            Ok(n) => hash.update(&part[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_given_again_is_known_whatever_its_name_and_packing() {
        let text = "a,b\n".repeat(3_000);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).expect("memory");
        let input = |name: &str, bytes: &[u8]| Input::of(name, bytes.to_vec()).expect("csv");
        let inputs = [
            input("p.csv", text.as_bytes()),
            // It differs far behind its head.
            input("q.csv", format!("{text}c,d\n").as_bytes()),
            input("p.csv.gz", &packed.finish().expect("memory")),
            input("r.csv", text.as_bytes()),
        ];
        assert_eq!(earlier(&inputs), [None, None, Some(0), Some(0)]);
        assert_eq!(earlier(&inputs[..1]), [None]);
    }
}
