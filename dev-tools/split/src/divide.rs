//! Divides a program in two: a first part that runs alone, and the rest, which finds its place in it later.
//!
//! The first part keeps every import, export, table, memory and global that it needs. In the place of a function that belongs to
//! the rest it has a stub: it asks JavaScript for the rest (`rest.load`) unless `loaded` says that it is there, and then calls the
//! function through the table. The rest imports what it shares with the first part under `first`: memories, tables and globals by
//! letter and number (`m0`, `t0`, `g0`), functions by their numbers from 0. JavaScript finds these in consecutive slots of the
//! table. What JavaScript provides is imported by its number too, in both parts alike: its names are long. When the rest is instantiated it puts its functions into their slots, so that calls through the table reach them without
//! a detour.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use wasm_encoder::reencode::{Error as Renumbering, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, Module, TableSection, TableType,
    TypeSection, ValType,
};
use wasmparser::ExternalKind;

use crate::memory::late;
use crate::program::{Data, Fault, Program};

/// So many bytes that come later are left out; fewer are zeros until then, because a segment of its own takes as much.
const HOLE: u32 = 48;

/// The two parts of a program.
pub(crate) struct Parts {
    /// What is needed first.
    pub(crate) first: Vec<u8>,
    /// The rest.
    pub(crate) rest: Vec<u8>,
    /// What JavaScript provides, by number.
    pub(crate) imports: Vec<String>,
    /// The slots of the first table that hold what the rest calls in the first part: from where, and how many.
    pub(crate) shared: (u32, u32),
    /// How many functions the first part keeps.
    pub(crate) kept: usize,
    /// How many stubs it has.
    pub(crate) stubs: usize,
}

/// The numbers that functions and types have in one of the parts.
struct Numbers<'p, 'a> {
    program: &'p Program<'a>,
    functions: Vec<Option<u32>>,
    types: Vec<Option<u32>>,
    /// The types in their new order.
    section: TypeSection,
    /// How many functions have a number.
    count: u32,
}

impl<'p, 'a> Numbers<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        let none = |count: usize| vec![None; count];
        let (functions, types) = (none(program.names.len()), none(program.types.len()));
        Numbers { program, functions, types, section: TypeSection::new(), count: 0 }
    }

    /// The number of a type, which is taken over if it was not yet.
    fn ty(&mut self, old: u32) -> u32 {
        let (program, section) = (self.program, &mut self.section);
        *self.types[old as usize].get_or_insert_with(|| {
            section.ty().func_type(&program.types[old as usize]);
            section.len() - 1
        })
    }

    /// The next function's number.
    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }

    /// A function gets the next number. Answers the number of its type.
    fn add(&mut self, function: u32) -> u32 {
        self.functions[function as usize] = Some(self.next());
        self.ty(self.program.type_of(function))
    }

    /// Functions of the page's script, which a part gets first, by their numbers in the program.
    fn imports(&mut self, needed: &BTreeSet<u32>) -> ImportSection {
        let mut imports = ImportSection::new();
        for &function in needed {
            let module = self.program.imports[function as usize].module;
            imports.import(module, &function.to_string(), EntityType::Function(self.add(function)));
        }
        imports
    }

    fn function(&self, old: u32) -> Result<u32, Absent> {
        self.functions[old as usize].ok_or_else(|| Absent(self.program.names[old as usize].clone()))
    }
}

impl Reencode for Numbers<'_, '_> {
    type Error = Absent;

    fn function_index(&mut self, function: u32) -> Result<u32, Renumbering<Absent>> {
        self.function(function).map_err(Renumbering::UserError)
    }

    fn type_index(&mut self, ty: u32) -> Result<u32, Renumbering<Absent>> {
        Ok(self.ty(ty))
    }
}

/// A function is named in a part that does not have it.
#[derive(Debug)]
struct Absent(String);

impl Error for Absent {}

impl Display for Absent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} is named in the part that does not have it", self.0)
    }
}

/// What is in which part.
struct Plan {
    /// Functions of its own that the first part keeps, by name: those of a kind are alike, and are packed well together.
    kept: Vec<u32>,
    /// The other functions, by name.
    others: Vec<u32>,
    /// Those of them that the first part has a stub of, each with its slot in the first table.
    stubs: BTreeMap<u32, u32>,
    /// Functions of the first part that the rest calls.
    shared: Vec<u32>,
    /// The first slot for them.
    shared_from: u32,
    /// What each part imports from JavaScript.
    imports: [BTreeSet<u32>; 2],
    /// The places in memory that hold nothing until the rest is there.
    late: Vec<Range<u32>>,
}

/// How many bytes a stub has, about.
fn stub_size(program: &Program<'_>, function: u32) -> usize {
    16 + 2 * program.types[program.type_of(function) as usize].params().len()
}

impl Plan {
    fn new(program: &Program<'_>, keep: &dyn Fn(u32) -> bool) -> Result<Plan, Fault> {
        let imported = program.imported();
        let own = imported..program.count();
        let named: Vec<Vec<u32>> = own.clone().map(|f| program.named_by(f)).collect::<Result<_, _>>()?;
        let named_by = |f: u32| named[(f - imported) as usize].iter().copied();
        let mut kept: BTreeSet<u32> = own.clone().filter(|&f| keep(f)).collect();
        kept.extend(program.exports.iter().filter(|e| e.kind == ExternalKind::Func && e.index >= imported).map(|e| e.index));
        let in_tables: BTreeSet<u32> = program.segments.iter().flat_map(|s| s.functions.iter().copied()).collect();
        // A function that is no larger than its stub would be stays, if it needs nothing else of the rest.
        let called: BTreeSet<u32> = kept.iter().flat_map(|&f| named_by(f)).chain(in_tables.iter().copied()).collect();
        for function in called.range(imported..) {
            if program.body(*function).range().len() <= stub_size(program, *function)
                && named_by(*function).all(|f| f < imported || kept.contains(&f))
            {
                kept.insert(*function);
            }
        }
        let others: BTreeSet<u32> = own.filter(|f| !kept.contains(f)).collect();

        let mut slots = BTreeMap::new();
        for segment in program.segments.iter().filter(|s| s.table == 0) {
            for (&function, slot) in segment.functions.iter().zip(segment.first..) {
                slots.entry(function).or_insert(slot);
            }
        }
        let mut next = program.tables.first().ok_or("there is no table")?.minimum as u32;
        let by_kept: BTreeSet<u32> = kept.iter().flat_map(|&f| named_by(f)).chain(in_tables.iter().copied()).collect();
        let mut stubs = BTreeMap::new();
        for &function in by_kept.intersection(&others) {
            let slot = *slots.entry(function).or_insert_with(|| {
                next += 1;
                next - 1
            });
            stubs.insert(function, slot);
        }
        let by_others: BTreeSet<u32> = others.iter().flat_map(|&f| named_by(f)).collect();
        let by_name = |functions: &BTreeSet<u32>| {
            let mut functions: Vec<u32> = functions.iter().copied().collect();
            functions.sort_by_key(|&f| &program.names[f as usize]);
            functions
        };
        let js = |functions: &BTreeSet<u32>| functions.range(..imported).copied().collect();
        Ok(Plan {
            shared: by_others.intersection(&kept).copied().collect(),
            shared_from: next,
            imports: [js(&by_kept), js(&by_others)],
            kept: by_name(&kept),
            others: by_name(&others),
            stubs,
            late: Vec::new(),
        })
    }
}

/// Divides a program: the first part keeps the functions that `keep` says, and few more. Constants are divided too where there is the
/// program as the linker wrote it.
pub(crate) fn divide(program: &Program<'_>, keep: &dyn Fn(u32) -> bool, linked: Option<&[u8]>) -> Result<Parts, Fault> {
    let mut plan = Plan::new(program, keep)?;
    if let Some(linked) = linked {
        plan.late = late(program, &plan.kept, linked)?;
    }
    Ok(Parts {
        first: first(program, &plan)?,
        rest: rest(program, &plan)?,
        imports: program.imports.iter().map(|i| i.name.to_owned()).collect(),
        shared: (plan.shared_from, plan.shared.len() as u32),
        kept: plan.kept.len(),
        stubs: plan.stubs.len(),
    })
}

/// The parts of a segment that lie in some ranges of memory.
fn within(ranges: &[Range<u32>], segment: &Data<'_>) -> Vec<Range<usize>> {
    let end = segment.at + segment.bytes.len() as u32;
    let parts = ranges.iter().map(|r| r.start.max(segment.at)..r.end.min(end)).filter(|r| !r.is_empty());
    parts.map(|r| (r.start - segment.at) as usize..(r.end - segment.at) as usize).collect()
}

/// The tables, of which the first has slots for stubs and for what is shared besides.
fn tables(program: &Program<'_>, plan: &Plan) -> Vec<TableType> {
    let mut tables = program.tables.clone();
    if let Some(table) = tables.first_mut() {
        let size = u64::from(plan.shared_from) + plan.shared.len() as u64;
        table.maximum = table.maximum.map(|most| most + size - table.minimum);
        table.minimum = size;
    }
    tables
}

fn first(program: &Program<'_>, plan: &Plan) -> Result<Vec<u8>, Fault> {
    let mut numbers = Numbers::new(program);
    let mut imports = numbers.imports(&plan.imports[0]);
    let mut functions = FunctionSection::new();
    let load_type = program.types.iter().position(|t| t.params().is_empty() && t.results().is_empty());
    let load_type = load_type.ok_or("no function is without parameters and results")? as u32;
    imports.import("rest", "load", EntityType::Function(numbers.ty(load_type)));
    let load = numbers.next();
    for &function in &plan.kept {
        functions.function(numbers.add(function));
    }
    // Those of one type together: they differ by their slot alone, and are packed well.
    let mut stubs: Vec<(u32, u32, u32)> = plan.stubs.iter().map(|(&f, &slot)| (program.type_of(f), slot, f)).collect();
    stubs.sort_unstable();
    for &(.., function) in &stubs {
        functions.function(numbers.add(function));
    }

    let mut code = CodeSection::new();
    for &function in &plan.kept {
        numbers.parse_function_body(&mut code, program.body(function).clone())?;
    }
    let loaded = program.globals.len() as u32;
    for &(ty, slot, _) in &stubs {
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::GlobalGet(loaded)).instruction(&Instruction::I32Eqz);
        stub.instruction(&Instruction::If(BlockType::Empty)).instruction(&Instruction::Call(load)).instruction(&Instruction::End);
        for parameter in 0..program.types[ty as usize].params().len() {
            stub.instruction(&Instruction::LocalGet(parameter as u32));
        }
        stub.instruction(&Instruction::I32Const(slot as i32));
        stub.instruction(&Instruction::CallIndirect { type_index: numbers.ty(ty), table_index: 0 }).instruction(&Instruction::End);
        code.function(&stub);
    }

    let mut tables = TableSection::new();
    for table in self::tables(program, plan) {
        tables.table(table);
    }
    let mut memories = MemorySection::new();
    for memory in &program.memories {
        memories.memory(*memory);
    }
    let mut globals = GlobalSection::new();
    for (ty, value) in &program.globals {
        globals.global(*ty, value);
    }
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));

    let mut exports = ExportSection::new();
    for export in &program.exports {
        let index = if export.kind == ExternalKind::Func { numbers.function(export.index)? } else { export.index };
        exports.export(export.name, numbers.export_kind(export.kind)?, index);
    }
    for (kind, letter, count) in [
        (ExportKind::Memory, 'm', program.memories.len()),
        (ExportKind::Table, 't', program.tables.len()),
        (ExportKind::Global, 'g', program.globals.len()),
    ] {
        for index in 0..count as u32 {
            exports.export(&format!("{letter}{index}"), kind, index);
        }
    }
    exports.export("loaded", ExportKind::Global, loaded);

    let mut elements = ElementSection::new();
    let renumber = |functions: &[u32]| functions.iter().map(|&f| numbers.function(f)).collect::<Result<Vec<u32>, Absent>>();
    for segment in &program.segments {
        let table = (segment.table > 0).then_some(segment.table);
        let place = ConstExpr::i32_const(segment.first as i32);
        elements.active(table, &place, Elements::Functions(renumber(&segment.functions)?.into()));
    }
    elements.active(None, &ConstExpr::i32_const(plan.shared_from as i32), Elements::Functions(renumber(&plan.shared)?.into()));
    let mut data = DataSection::new();
    for segment in &program.data {
        let mut bytes = segment.bytes.to_vec();
        let mut from = 0;
        for hole in within(&plan.late, segment) {
            if hole.len() < HOLE as usize {
                bytes[hole].fill(0);
            } else {
                if from < hole.start {
                    let at = ConstExpr::i32_const((segment.at as usize + from) as i32);
                    data.active(0, &at, bytes[from..hole.start].iter().copied());
                }
                from = hole.end;
            }
        }
        if from < bytes.len() {
            data.active(0, &ConstExpr::i32_const((segment.at as usize + from) as i32), bytes[from..].iter().copied());
        }
    }

    let mut module = Module::new();
    module.section(&numbers.section).section(&imports).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&code).section(&data);
    Ok(module.finish())
}

fn rest(program: &Program<'_>, plan: &Plan) -> Result<Vec<u8>, Fault> {
    let mut numbers = Numbers::new(program);
    let mut imports = numbers.imports(&plan.imports[1]);
    let mut functions = FunctionSection::new();
    for (name, &function) in plan.shared.iter().enumerate() {
        imports.import("first", &name.to_string(), EntityType::Function(numbers.add(function)));
    }
    for (index, memory) in program.memories.iter().enumerate() {
        imports.import("first", &format!("m{index}"), EntityType::Memory(*memory));
    }
    for (index, table) in tables(program, plan).into_iter().enumerate() {
        imports.import("first", &format!("t{index}"), EntityType::Table(table));
    }
    for (index, (ty, _)) in program.globals.iter().enumerate() {
        imports.import("first", &format!("g{index}"), EntityType::Global(*ty));
    }
    for &function in &plan.others {
        functions.function(numbers.add(function));
    }
    let mut code = CodeSection::new();
    for &function in &plan.others {
        numbers.parse_function_body(&mut code, program.body(function).clone())?;
    }

    let mut slots: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for segment in &program.segments {
        let here = segment.functions.iter().zip(segment.first..).filter(|(f, _)| plan.stubs.contains_key(f));
        slots.extend(here.map(|(&f, slot)| ((segment.table, slot), f)));
    }
    slots.extend(plan.stubs.iter().map(|(&f, &slot)| ((0, slot), f)));
    let mut elements = ElementSection::new();
    let mut slots = slots.into_iter().peekable();
    while let Some(((table, first), function)) = slots.next() {
        let mut run = vec![numbers.function(function)?];
        while let Some((_, function)) = slots.next_if(|&(place, _)| place == (table, first + run.len() as u32)) {
            run.push(numbers.function(function)?);
        }
        let table = (table > 0).then_some(table);
        elements.active(table, &ConstExpr::i32_const(first as i32), Elements::Functions(run.into()));
    }

    let mut data = DataSection::new();
    for segment in &program.data {
        for piece in within(&plan.late, segment) {
            let at = ConstExpr::i32_const((segment.at as usize + piece.start) as i32);
            data.active(0, &at, segment.bytes[piece].iter().copied());
        }
    }

    let mut module = Module::new();
    module.section(&numbers.section).section(&imports).section(&functions).section(&elements).section(&code).section(&data);
    Ok(module.finish())
}
