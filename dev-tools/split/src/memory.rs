//! What of memory the parts need. The linker says which function and which constant names which (`--emit-relocs`); a constant that
//! no function of a part or of those before it leads to comes later.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    DataKind, KnownCustom, Linking, MemArg, Name, Operator, Parser, Payload, RelocationEntry, RelocationType, SymbolInfo, TypeRef,
};

use crate::program::{Fault, Program, demangled, place};

/// Functions up to so many bytes may be a part of their callers in the finished program, although they are there as well.
const SMALL: usize = 64;

/// The program as the linker wrote it.
#[derive(Default)]
pub(crate) struct Linked {
    /// How many functions are imported.
    imported: u32,
    /// The name of each function.
    names: BTreeMap<u32, String>,
    /// Where the code of each function is, in the code section.
    code: Vec<Range<u32>>,
    /// Each segment of data: where it is in its section, and where in memory.
    segments: Vec<(Range<u32>, u32)>,
    /// The name of each segment.
    segment_names: Vec<String>,
    symbols: Vec<Symbol>,
    code_relocations: Vec<RelocationEntry>,
    data_relocations: Vec<RelocationEntry>,
}

/// What a relocation is about.
enum Symbol {
    Function(u32),
    Data { segment: u32, offset: u32, size: u32 },
    Other,
}

impl Linked {
    /// Reads a program.
    pub(crate) fn new(bytes: &[u8]) -> Result<Linked, Fault> {
        let mut linked = Linked::default();
        let mut code_start = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        linked.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionStart { range, .. } => code_start = range.start,
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    linked.code.push((range.start - code_start) as u32..(range.end - code_start) as u32);
                }
                Payload::DataSection(data) => {
                    let data_start = data.range().start;
                    for segment in data {
                        let segment = segment?;
                        let DataKind::Active { offset_expr, .. } = segment.kind else {
                            return Err("a linked segment of data has no place".into());
                        };
                        let start = segment.range.end - segment.data.len() - data_start;
                        linked.segments.push((start as u32..(segment.range.end - data_start) as u32, place(&offset_expr)?));
                    }
                }
                Payload::CustomSection(custom) => match custom.as_known() {
                    KnownCustom::Name(reader) => {
                        for part in reader {
                            if let Name::Function(map) = part? {
                                for name in map {
                                    let name = name?;
                                    linked.names.insert(name.index, demangled(name.name));
                                }
                            }
                        }
                    }
                    KnownCustom::Linking(reader) => {
                        for part in reader.subsections() {
                            match part? {
                                Linking::SegmentInfo(segments) => {
                                    for segment in segments {
                                        linked.segment_names.push(segment?.name.to_owned());
                                    }
                                }
                                Linking::SymbolTable(symbols) => {
                                    for symbol in symbols {
                                        linked.symbols.push(match symbol? {
                                            SymbolInfo::Func { index, .. } => Symbol::Function(index),
                                            SymbolInfo::Data { symbol: Some(s), .. } => {
                                                Symbol::Data { segment: s.index, offset: s.offset, size: s.size }
                                            }
                                            _ => Symbol::Other,
                                        });
                                    }
                                }
                                _ => {}
                            }
                        }
                    }
                    KnownCustom::Reloc(reader) => {
                        let entries = reader.entries().into_iter().collect::<Result<Vec<_>, _>>()?;
                        match custom.name() {
                            "reloc.CODE" => linked.code_relocations = entries,
                            "reloc.DATA" => linked.data_relocations = entries,
                            _ => {}
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(linked)
    }

    /// Where in memory a symbol's data is.
    fn data(&self, symbol: u32) -> Option<Range<u32>> {
        match self.symbols.get(symbol as usize)? {
            Symbol::Data { segment, offset, size } => {
                let start = self.segments.get(*segment as usize)?.1 + offset;
                Some(start..start + size)
            }
            _ => None,
        }
    }
}

/// The constants of a program: where each is, and which others it names.
struct Constants {
    /// Where each is, by place; larger ones first where several begin at once.
    places: Vec<Range<u32>>,
    needed: Vec<bool>,
    names: Vec<Vec<u32>>,
}

impl Constants {
    fn new(linked: &Linked) -> Constants {
        let all = 0..linked.symbols.len() as u32;
        let mut places: Vec<Range<u32>> = all.filter_map(|s| linked.data(s)).filter(|r| !r.is_empty()).collect();
        places.sort_by_key(|r| (r.start, u32::MAX - r.end));
        places.dedup();
        let mut constants = Constants { needed: vec![false; places.len()], names: vec![Vec::new(); places.len()], places };
        for relocation in linked.data_relocations.iter().filter(|r| r.ty == RelocationType::MemoryAddrI32) {
            let segment = linked.segments.iter().find(|(range, _)| range.contains(&relocation.offset));
            let from = segment.map(|(range, at)| at + relocation.offset - range.start);
            if let (Some(from), Some(to)) = (from, linked.data(relocation.index)) {
                for constant in constants.at(from) {
                    constants.names[constant].push(to.start);
                    constants.names[constant].push(to.start.saturating_add_signed(relocation.addend as i32));
                }
            }
        }
        constants
    }

    /// The constants that hold a byte.
    fn at(&self, byte: u32) -> Vec<usize> {
        let end = self.places.partition_point(|r| r.start <= byte);
        // Where one lies in another they begin not far from each other.
        (end.saturating_sub(64)..end).filter(|&i| self.places[i].contains(&byte)).collect()
    }

    /// Marks what holds a byte as needed, and all that this leads to.
    fn need(&mut self, byte: u32) {
        let mut open = vec![byte];
        while let Some(byte) = open.pop() {
            for constant in self.at(byte) {
                if !std::mem::replace(&mut self.needed[constant], true) {
                    open.append(&mut self.names[constant]);
                }
            }
        }
    }
}

/// The places in memory that hold nothing that some functions, which are in order, lead to: constants, which nobody writes.
pub(crate) fn late(program: &Program<'_>, kept: &[u32], linked: &Linked) -> Result<Vec<Range<u32>>, Fault> {
    let mut constants = Constants::new(linked);

    // What the finished functions say themselves.
    for &function in kept {
        for byte in named_by(program, function)? {
            constants.need(byte);
        }
    }
    // What is said by code that was taken out of them and comes later.
    let mut taken: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (function, &from) in program.taken().filter(|(function, _)| kept.binary_search(function).is_err()) {
        taken.entry(&program.names[from as usize]).or_default().append(&mut named_by(program, function)?);
    }
    // What the linker knows of them, for an address may have been computed: also of those that may be a part of them by now.
    let finished: BTreeSet<&str> = program.names.iter().map(String::as_str).collect();
    let mut called: BTreeMap<&str, u32> = BTreeMap::new();
    program.names.iter().for_each(|name| *called.entry(name).or_default() += 1);
    let here: BTreeSet<&str> = kept.iter().map(|&f| program.names[f as usize].as_str()).collect();
    let name = |function: u32| linked.names.get(&function).map_or("", String::as_str);
    let mut calls: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut data: BTreeMap<u32, Vec<&RelocationEntry>> = BTreeMap::new();
    for relocation in &linked.code_relocations {
        let own = linked.code.partition_point(|range| range.end <= relocation.offset) as u32;
        let function = linked.imported + own;
        match linked.symbols.get(relocation.index as usize) {
            Some(Symbol::Function(called)) if relocation.ty == RelocationType::FunctionIndexLeb => {
                calls.entry(function).or_default().push(*called);
            }
            Some(Symbol::Data { .. }) => data.entry(function).or_default().push(relocation),
            _ => {}
        }
    }
    let own = linked.imported..linked.imported + linked.code.len() as u32;
    for root in own.clone().filter(|&f| here.contains(name(f))) {
        // Of several functions of one name it is not known which names what.
        let is_alone = called.get(name(root)) == Some(&1);
        let taken = taken.get(name(root)).filter(|_| is_alone).map_or(&[][..], Vec::as_slice);
        let mut open = vec![root];
        let mut seen: BTreeSet<u32> = BTreeSet::from([root]);
        while let Some(function) = open.pop() {
            for relocation in data.get(&function).into_iter().flatten() {
                let Some(range) = linked.data(relocation.index) else { continue };
                // Where only the code that was taken out says it, it is needed only there.
                let plain = (0..i64::from(range.end - range.start)).contains(&relocation.addend);
                if !plain || !taken.iter().any(|byte| range.contains(byte)) {
                    constants.need(range.start);
                }
            }
            for &called in calls.get(&function).into_iter().flatten().filter(|f| own.contains(f)) {
                let small = linked.code[(called - linked.imported) as usize].len() <= SMALL;
                if (small || !finished.contains(name(called))) && seen.insert(called) {
                    open.push(called);
                }
            }
        }
    }

    // Only what nobody writes may come later.
    let is_constant = |range: &Range<u32>| {
        linked
            .segments
            .iter()
            .zip(&linked.segment_names)
            .any(|((section, at), name)| name.starts_with(".rodata") && (*at..at + section.len() as u32).contains(&range.start))
    };
    let mut late: Vec<Range<u32>> = Vec::new();
    let mut needed_to = 0;
    for (range, needed) in constants.places.iter().zip(&constants.needed) {
        if *needed {
            needed_to = needed_to.max(range.end);
            if let Some(last) = late.last_mut() {
                last.end = last.end.min(range.start);
            }
        } else if is_constant(range) {
            let start = range.start.max(needed_to);
            match late.last_mut() {
                _ if start >= range.end => {}
                Some(last) if last.end >= start => last.end = last.end.max(range.end),
                _ => late.push(start..range.end),
            }
        }
    }
    late.retain(|range| !range.is_empty());
    Ok(late)
}

/// The slots of the first table that some functions may know: they name their numbers, or memory holds them, without what comes late.
pub(crate) fn slots_known(
    program: &Program<'_>,
    kept: &[u32],
    linked: &Linked,
    late: Option<&Vec<Range<u32>>>,
) -> Result<BTreeSet<u32>, Fault> {
    let mut known = BTreeSet::new();
    for &function in kept {
        known.extend(named_by(program, function)?);
    }
    for relocation in linked.data_relocations.iter().filter(|r| r.ty == RelocationType::TableIndexI32) {
        let segment = linked.segments.iter().find(|(range, _)| range.contains(&relocation.offset));
        let (range, at) = segment.ok_or("a slot is written nowhere")?;
        let place = at + relocation.offset - range.start;
        let comes_late = late.is_some_and(|late| {
            let next = late.partition_point(|r| r.end <= place);
            late.get(next).is_some_and(|r| r.contains(&place))
        });
        if !comes_late {
            known.insert(u32::from_le_bytes([0, 1, 2, 3].map(|byte| program.byte(place + byte))));
        }
    }
    Ok(known)
}

/// The places in memory that a function may mean by the numbers it names.
fn named_by(program: &Program<'_>, function: u32) -> Result<Vec<u32>, Fault> {
    let mut bytes = Vec::new();
    for operator in program.body(function).get_operators_reader()? {
        let operator = operator?;
        if let Operator::I32Const { value } = operator {
            bytes.push(value as u32);
        }
        // Two numbers that are kept together: an address and a slot, for what is written out.
        if let Operator::I64Const { value } = operator {
            bytes.extend([value as u32, (value >> 32) as u32]);
        }
        if let Some(MemArg { offset, .. }) = offset(&operator) {
            bytes.push(*offset as u32);
        }
    }
    Ok(bytes)
}

/// The place in memory that an instruction adds to its address.
fn offset<'o>(operator: &'o Operator<'_>) -> Option<&'o MemArg> {
    macro_rules! offset {
        ($($name:ident)*) => {
            match operator { $(Operator::$name { memarg } => Some(memarg),)* _ => None }
        };
    }
    offset!(I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U I64Load16S I64Load16U
        I64Load32S I64Load32U I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32)
}
