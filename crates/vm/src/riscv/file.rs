//! States in files, binary or JSON, as asterisc reads and writes them (V21).

use super::{Core, Registers, State};
use crate::{LittleEndian, Memory, PAGE_BYTES, StateError, fields::Fields};
use alloy_primitives::{B256, Bytes, hex};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    fmt,
    io::{self, Read, Write},
};

impl State {
    /// Writes the state in binary, not compressed. Pages are in order of their number, which asterisc doesn't demand.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn serialize(&self, mut out: impl Write) -> io::Result<()> {
        let core = &self.core;
        self.memory.serialize(&mut out)?;
        out.write_all(core.preimage_key.as_slice())?;
        out.write_all(&core.preimage_offset.to_be_bytes())?;
        out.write_all(&core.pc.to_be_bytes())?;
        out.write_all(&[core.exit_code, core.exited.into()])?;
        let numbers = [core.step, core.heap, core.registers.reservation];
        for number in numbers.into_iter().chain(core.registers.values()) {
            out.write_all(&number.to_be_bytes())?;
        }
        for bytes in [&self.last_hint, &self.recorded_witness] {
            let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            out.write_all(&length.to_be_bytes())?;
            out.write_all(bytes)?;
        }
        out.write_all(self.recorded_hash.as_slice())
    }

    /// Reads a state in binary, not compressed, to the end of `input`.
    ///
    /// # Errors
    /// Where `input` fails, or holds something else.
    pub fn deserialize(input: impl Read) -> Result<Self, StateError> {
        let mut fields = Fields(input);
        let memory = fields.memory()?;
        let mut core = Core {
            preimage_key: B256::new(fields.array("preimage key")?),
            preimage_offset: fields.u64("preimage offset")?,
            pc: fields.u64("pc")?,
            exit_code: fields.u8("exit code")?,
            exited: fields.bool("mark of exit")?,
            step: fields.u64("step")?,
            heap: fields.u64("heap")?,
            registers: Registers::new([0; 32], 0),
        };
        let reservation = fields.u64("load reservation")?;
        let mut registers = [0; 32];
        for register in &mut registers {
            *register = fields.u64("registers")?;
        }
        core.registers = Registers::new(registers, reservation);
        let state = Self {
            memory,
            core,
            last_hint: fields.bytes("last hint")?,
            recorded_witness: fields.bytes("witness")?,
            recorded_hash: B256::new(fields.array("state hash")?),
        };
        fields.end()?;
        Ok(state)
    }

    /// Writes the state as JSON, not compressed.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        let core = &self.core;
        let json = Json {
            memory: Pages(&self.memory),
            preimage_key: core.preimage_key,
            preimage_offset: core.preimage_offset,
            pc: core.pc,
            exit: core.exit_code,
            exited: core.exited,
            step: core.step,
            heap: core.heap,
            load_reservation: core.registers.reservation,
            registers: core.registers.values(),
            last_hint: self.last_hint.clone().into(),
            witness: BASE64_STANDARD.encode(&self.recorded_witness),
            state_hash: self.recorded_hash,
        };
        serde_json::to_writer_pretty(&mut out, &json)?;
        out.write_all(b"\n\n")
    }

    /// Reads a state as JSON, not compressed, to the end of `input`.
    ///
    /// # Errors
    /// Where `input` fails, or holds something else.
    pub fn read_json(input: impl Read) -> Result<Self, StateError> {
        let json: Json<ReadPages> = serde_json::from_reader(input)?;
        let core = Core {
            preimage_key: json.preimage_key,
            preimage_offset: json.preimage_offset,
            pc: json.pc,
            exit_code: json.exit,
            exited: json.exited,
            step: json.step,
            heap: json.heap,
            registers: Registers::new(json.registers, json.load_reservation),
        };
        Ok(Self {
            memory: json.memory.0,
            core,
            last_hint: json.last_hint.into(),
            recorded_witness: BASE64_STANDARD.decode(&json.witness).map_err(StateError::Witness)?,
            recorded_hash: json.state_hash,
        })
    }
}

/// The JSON of a state, in asterisc's order. `M` is memory, to be written or read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json<M> {
    memory: M,
    preimage_key: B256,
    preimage_offset: u64,
    pc: u64,
    exit: u8,
    exited: bool,
    step: u64,
    heap: u64,
    load_reservation: u64,
    registers: [u64; 32],
    #[serde(default, skip_serializing_if = "is_empty")]
    last_hint: Bytes,
    /// In base 64, unlike all else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    witness: String,
    #[serde(default)]
    state_hash: B256,
}

fn is_empty(bytes: &Bytes) -> bool {
    bytes.0.is_empty()
}

/// A page in JSON: its number, and its bytes in hex.
#[derive(Serialize, Deserialize)]
struct JsonPage {
    index: u64,
    data: String,
}

/// Memory to be written: page by page, as all of them in hex are large.
struct Pages<'a>(&'a Memory<LittleEndian>);

impl Serialize for Pages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.pages().map(|(index, bytes)| JsonPage { index, data: hex::encode(bytes) }))
    }
}

/// Memory that was read.
struct ReadPages(Memory<LittleEndian>);

impl<'de> Deserialize<'de> for ReadPages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PagesVisitor)
    }
}

struct PagesVisitor;

impl<'de> de::Visitor<'de> for PagesVisitor {
    type Value = ReadPages;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of pages")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut pages: A) -> Result<ReadPages, A::Error> {
        let mut memory = Memory::new();
        for count in 1.. {
            let Some(JsonPage { index, data }) = pages.next_element()? else { break };
            let mut bytes = [0; PAGE_BYTES as usize];
            hex::decode_to_slice(&data, &mut bytes)
                .map_err(|error| de::Error::custom(format_args!("data of page {index:#x}: {error}")))?;
            if index > u64::MAX / PAGE_BYTES {
                return Err(de::Error::custom(format_args!("page number {index:#x} lies beyond 64 bits of address")));
            }
            memory.write(index * PAGE_BYTES, &bytes);
            if memory.page_count() != count {
                return Err(de::Error::custom(format_args!("page {index:#x} is there twice")));
            }
        }
        Ok(ReadPages(memory))
    }
}
