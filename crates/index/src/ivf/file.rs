//! Inverted files as files: those of a flat index, with the lists behind the segments.

use std::path::Path;

use super::{IvfConfig, IvfIndex, List, Quantizer};
use crate::buffer::LANES;
use crate::format::{Header, Meta};
use crate::load::{Source, open, read};
use crate::save::Hashing;
use crate::vector::MAX_NORM;
use crate::{Error, FlatIndex};

impl IvfIndex {
    /// Writes the index to a file, as [`FlatIndex::save`] does.
    ///
    /// # Errors
    /// [`Error::EmbedderIdTooLong`], [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, meta: &Meta) -> Result<(), Error> {
        let header = Header { nlist: self.config.nlist, ..self.flat.header(meta) };
        let mut of_block = vec![0u32; header.count.div_ceil(LANES as u64) as usize];
        for (number, list) in self.lists.iter().enumerate() {
            for range in &list.blocks {
                of_block.get_mut(range.clone()).unwrap_or_default().fill(number as u32);
            }
        }
        let taken: Vec<u32> = self.lists.iter().map(|list| list.taken() as u32).collect();
        self.flat.save_with(path.as_ref(), &header, |out| {
            let mut out = Hashing::new(out);
            out.put(&settings(&self.config))?;
            out.put(&taken)?;
            out.put(&of_block)?;
            let first = out.checksum();
            out.put(&self.quantizer.spreads())?;
            out.put(&self.quantizer.centres())?;
            Ok(Some([first, out.checksum()]))
        })
    }

    /// Reads an index and what was saved with it, and checks it as [`FlatIndex::load`] does.
    ///
    /// # Errors
    /// As [`FlatIndex::load`].
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        let path = path.as_ref();
        let opened = open(path)?.of_kind(path, true)?;
        let (header, checksums, mut source) = opened.sequential(path)?;
        Ok((Self::read(path, &header, &checksums, &mut source, true)?, header.meta))
    }

    /// Opens an index where it lies, as [`FlatIndex::map`] does: its vectors stay in the file. Centres, marks and a
    /// table of ids are in memory.
    ///
    /// Vectors can be added, replaced and removed; that changes memory alone, until the index is saved. Vectors that are
    /// added come into blocks of their own, so that each list has a block that is not full in the file and one in memory.
    ///
    /// # Errors
    /// As [`FlatIndex::load`].
    pub fn map(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        Self::mapped(path.as_ref(), true)
    }

    /// [`Self::map`] without reading the vectors, as [`FlatIndex::map_unverified`]; the lists are checked.
    ///
    /// # Errors
    /// As [`FlatIndex::load`].
    pub fn map_unverified(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        Self::mapped(path.as_ref(), false)
    }

    fn mapped(path: &Path, verify: bool) -> Result<(Self, Meta), Error> {
        let (header, checksums, mut source) = open(path)?.of_kind(path, true)?.mapping(path)?;
        Ok((Self::read(path, &header, &checksums, &mut source, verify)?, header.meta))
    }

    fn read(
        path: &Path,
        header: &Header,
        checksums: &[[u64; 2]],
        source: &mut impl Source,
        verify: bool,
    ) -> Result<Self, Error> {
        let flat = read(path, header, checksums, source, verify)?;
        let layout = header.lists().ok_or(Error::corrupt(path, "lists"))?;
        let config = source.values::<u32>(layout.settings.clone())?;
        let taken = source.values::<u32>(layout.taken.clone())?;
        let of_block = source.values::<u32>(layout.blocks.clone())?;
        let first = source.checksum(layout.split())?;
        let spreads = source.values::<f32>(layout.spreads.clone())?;
        let centres = source.values::<f32>(layout.centres.clone())?;
        if checksums.last() != Some(&[first, source.checksum(layout.len)?]) {
            return Err(Error::corrupt(path, "checksum of the lists"));
        }
        let lists = lists(header.nlist, &taken, &of_block, &flat).ok_or(Error::corrupt(path, "lists"))?;
        // False for NaN.
        let allowed = |value: &f32| f64::from(value.abs()) <= MAX_NORM;
        if !centres.iter().all(allowed) || !spreads.iter().all(|spread| *spread >= 0.0 || spread.is_nan()) {
            return Err(Error::corrupt(path, "centres of the lists"));
        }
        let config = with_settings(header, &config).ok_or(Error::corrupt(path, "settings"))?;
        let quantizer = Quantizer::new(config.flat.dim, &centres, spreads.to_vec());
        let vectors = lists.iter().map(List::len).sum();
        let FlatIndex { store, positions, .. } = flat;
        let flat = FlatIndex::from_store(config.flat.clone(), store.with_vectors(vectors), positions);
        Ok(Self { config, quantizer, flat, lists })
    }
}

/// What is not in the header: `nprobe`, the margin's bits (NaN: none), the seed's halves, vectors a list is trained on,
/// rounds, two zeros.
fn settings(config: &IvfConfig) -> [u32; 8] {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let margin = config.margin.unwrap_or(f32::NAN).to_bits();
    let (low, high) = (config.seed as u32, (config.seed >> 32) as u32);
    [
        number(config.nprobe),
        margin,
        low,
        high,
        number(config.sample_per_list),
        number(config.iterations),
        0,
        0,
    ]
}

fn with_settings(header: &Header, settings: &[u32]) -> Option<IvfConfig> {
    let &[nprobe, margin, low, high, sample_per_list, iterations, 0, 0] = settings else { return None };
    let mut config = IvfConfig::new(header.config.dim, header.nlist)
        .with_nprobe(nprobe as usize)
        .with_seed(u64::from(high) << 32 | u64::from(low))
        .with_sample_per_list(sample_per_list as usize)
        .with_iterations(iterations as usize);
    config.flat = header.config.clone();
    config.margin = Some(f32::from_bits(margin)).filter(|margin| !margin.is_nan());
    Some(config)
}

/// None when blocks and lists do not fit each other, or a vector is where its list has none.
fn lists(nlist: usize, taken: &[u32], of_block: &[u32], flat: &FlatIndex) -> Option<Vec<List>> {
    let mut blocks = vec![Vec::new(); nlist];
    for (block, list) in of_block.iter().enumerate() {
        blocks.get_mut(*list as usize)?.push(block);
    }
    let mut used = vec![LANES; of_block.len()];
    for (blocks, taken) in blocks.iter().zip(taken) {
        if let Some(last) = blocks.last() {
            *used.get_mut(*last)? = *taken as usize;
        }
    }
    let is_used = |position: usize| used.get(position / LANES).is_some_and(|used| position % LANES < *used);
    if !flat.store.live().all(|(position, _)| is_used(position)) {
        return None;
    }
    blocks.iter().zip(taken).map(|(blocks, taken)| List::from_file(blocks, *taken as usize)).collect()
}
