//! ELF files of programs: static, 64 bits, either byte order.

use object::{
    Endian, Endianness, elf,
    read::elf::{FileHeader, ProgramHeader, Sym},
};
use serde::{Deserialize, Serialize};

/// Bytes of all symbols' names. A file may have few bytes for it, of which every symbol's name is a copy.
const NAMES_LIMIT: usize = 1 << 28;

/// An executable: what a VM loads of it, and what a profiler shows.
#[derive(Debug, Clone)]
pub struct Elf<'data> {
    /// Whether words have their most significant byte first.
    pub is_big_endian: bool,
    /// The processor: 8 MIPS, 243 RISC-V.
    pub machine: u16,
    /// Address of the first instruction.
    pub entry: u64,
    /// The segments, in the file's order.
    pub segments: Vec<Segment<'data>>,
    /// The symbols, in the file's order, without the first, which stands for none. Empty for a stripped file.
    pub symbols: Vec<Symbol>,
}

/// A segment: a program header and the data it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'data> {
    /// What the segment is (`p_type`): 1 is to be loaded.
    pub kind: u32,
    /// Where it lies in memory.
    pub address: u64,
    /// How many bytes it takes there.
    pub memory_size: u64,
    /// Its bytes in the file.
    pub data: &'data [u8],
}

/// A name for an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// The name.
    pub name: String,
    /// The address.
    pub start: u64,
    /// Bytes from there on.
    pub size: u64,
}

/// Why a file is no executable that a VM can load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Not an ELF file of 64 bits, or a broken one.
    #[error("not a whole 64-bit ELF file: {0}")]
    Malformed(object::Error),
    /// Linked dynamically, or to be linked.
    #[error("ELF type {0} is no static executable (type 2)")]
    NotExecutable(u16),
    /// The segment's data is not in the file.
    #[error("segment {0} lies beyond the end of the file")]
    Truncated(usize),
    /// Many symbols share long names.
    #[error("the names of symbols take more than {NAMES_LIMIT} bytes")]
    Names,
}

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        Self::Malformed(error)
    }
}

impl<'data> Elf<'data> {
    /// Reads the file `data`.
    ///
    /// # Errors
    /// Where it is no static 64-bit executable, or not a whole one.
    pub fn parse(data: &'data [u8]) -> Result<Self, ElfError> {
        let header = elf::FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let kind = header.e_type(endian);
        if kind != elf::ET_EXEC {
            return Err(ElfError::NotExecutable(kind));
        }
        let headers = header.program_headers(endian, data)?.iter().enumerate();
        let segments = headers.map(|(index, segment)| {
            Ok(Segment {
                kind: segment.p_type(endian),
                address: segment.p_vaddr(endian),
                memory_size: segment.p_memsz(endian),
                data: segment.data(endian, data).map_err(|()| ElfError::Truncated(index))?,
            })
        });
        let segments = segments.collect::<Result<_, ElfError>>()?;
        let table = header.sections(endian, data)?.symbols(endian, data, elf::SHT_SYMTAB)?;
        let mut left = NAMES_LIMIT;
        let symbols = table.iter().skip(1).map(|symbol| {
            let name = String::from_utf8_lossy(symbol.name(endian, table.strings())?);
            left = left.checked_sub(name.len()).ok_or(ElfError::Names)?;
            Ok(Symbol { name: name.into_owned(), start: symbol.st_value(endian), size: symbol.st_size(endian) })
        });
        let symbols = symbols.collect::<Result<_, ElfError>>()?;
        let is_big_endian = endian.is_big_endian();
        Ok(Self { is_big_endian, machine: header.e_machine(endian), entry: header.e_entry(endian), segments, symbols })
    }
}
