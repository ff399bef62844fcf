//! Whose code each frame is, decided once for each file.
//!
//! Invariant: the answer is that of [`origin`] for the name of the frame's file.

use heapwise_capture::origin::{Origin, origin};
use heapwise_capture::table::{FrameId, StringId};
use rustc_hash::FxHashMap;

/// As [`Origin`], with the name of a library as the bytes of the file's name where it stands.
#[derive(Debug, Clone, Copy)]
enum Known {
    User,
    Library { start: u32, end: u32 },
    Python,
    NoFile,
}

impl Known {
    fn of(file: &str) -> Self {
        match origin(file) {
            Origin::User => Self::User,
            Origin::Python => Self::Python,
            Origin::NoFile => Self::NoFile,
            Origin::Library(name) => {
                let start = name.as_ptr().addr() - file.as_ptr().addr();
                // A name in a capture is far shorter than 4 GiB.
                Self::Library { start: start as u32, end: (start + name.len()) as u32 }
            }
        }
    }
}

/// The origins of all frames, by their number; of frame 0, and of those beyond, that of an unknown file.
#[derive(Debug)]
pub(crate) struct Origins(Vec<Known>);

impl Origins {
    /// `frames` gives the file of each frame from number 0 on, and its name.
    pub(crate) fn of<'a>(frames: impl Iterator<Item = (StringId, &'a str)>) -> Self {
        let mut known: FxHashMap<StringId, Known> = FxHashMap::default();
        Self(frames.map(|(file, name)| *known.entry(file).or_insert_with(|| Known::of(name))).collect())
    }

    /// The origin of a frame, whose file has this name.
    pub(crate) fn get<'a>(&self, frame: FrameId, file: &'a str) -> Origin<'a> {
        match self.0.get(frame as usize) {
            Some(Known::User) => Origin::User,
            Some(Known::Python) => Origin::Python,
            Some(&Known::Library { start, end }) => {
                Origin::Library(file.get(start as usize..end as usize).unwrap_or_default())
            }
            Some(Known::NoFile) | None => Origin::NoFile,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_frame_has_the_origin_of_its_file() {
        let files =
            ["", "/home/a/train.py", "/v/site-packages/six.py", "/usr/lib/python3.12/json/decoder.py"];
        let frames = [0u32, 1, 2, 3, 2, 1];
        let origins = Origins::of(frames.iter().map(|&file| (file, files[file as usize])));
        for (frame, &file) in (0..).zip(&frames) {
            assert_eq!(origins.get(frame, files[file as usize]), origin(files[file as usize]));
        }
        assert_eq!(origins.get(6, ""), Origin::NoFile);
    }
}
