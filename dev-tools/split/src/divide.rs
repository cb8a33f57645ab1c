//! Divides a program in parts: the first runs alone, the others find their places in it later, one after the other.
//!
//! The first part has every import, export, table, memory and global that it needs. What a part names that comes with a later one is
//! a stub in it: it asks JavaScript for that part (`later.load1`) unless a global (`loaded1`) says that it is there, and then
//! calls the function through the table. A later part imports what it shares with the first under `first`: memories, tables and
//! globals by letter and number (`m0`, `t0`, `g0`), functions by their slots in the first table. What JavaScript provides is
//! imported by its number too, in all parts alike: its names are long. When a later part is instantiated it puts its functions
//! into their slots, so that calls through the table reach them without a detour.

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

use crate::memory::{Linked, late, slots_known};
use crate::program::{Data, Fault, Program};

/// So many bytes that come later are left out; fewer are zeros until then, because a segment of its own takes as much.
const HOLE: u32 = 48;

/// The parts of a program.
pub(crate) struct Parts {
    /// The parts.
    pub(crate) programs: Vec<Vec<u8>>,
    /// What JavaScript provides, by number.
    pub(crate) imports: Vec<String>,
    /// How many functions each part has, and how many stubs.
    pub(crate) counts: Vec<(usize, usize)>,
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
    /// Functions of its own that each part has, by name: those of a kind are alike, and are packed well together.
    own: Vec<Vec<u32>>,
    /// The part of each function.
    part: Vec<usize>,
    /// The functions of later parts that each part has stubs of.
    stubs: Vec<BTreeSet<u32>>,
    /// The functions that each part finds in the table.
    found: Vec<BTreeSet<u32>>,
    /// The functions that each part may call by their slots.
    by_slot: Vec<BTreeSet<u32>>,
    /// Where a function is in the first table.
    slots: BTreeMap<u32, u32>,
    /// How many slots the first table has.
    table: u32,
    /// What each part imports from JavaScript.
    imports: Vec<BTreeSet<u32>>,
    /// The places in memory that hold nothing until a part after this one is there.
    late: Vec<Vec<Range<u32>>>,
}

/// How many bytes a stub has, about.
fn stub_size(program: &Program<'_>, function: u32) -> usize {
    16 + 2 * program.types[program.type_of(function) as usize].params().len()
}

impl Plan {
    fn new(program: &Program<'_>, mut part: Vec<usize>, linked: Option<&Linked>) -> Result<Plan, Fault> {
        let imported = program.imported();
        let own = imported..program.count();
        let named: Vec<Vec<u32>> = own.clone().map(|f| program.named_by(f)).collect::<Result<_, _>>()?;
        let named_by = |f: u32| named[(f - imported) as usize].iter().copied();
        for export in program.exports.iter().filter(|e| e.kind == ExternalKind::Func) {
            part[export.index as usize] = 0;
        }
        let parts = part.iter().max().map_or(1, |last| last + 1);
        let mut slots = BTreeMap::new();
        for segment in program.segments.iter().filter(|s| s.table == 0) {
            for (&function, slot) in segment.functions.iter().zip(segment.first..) {
                slots.entry(function).or_insert(slot);
            }
        }
        let in_tables: BTreeSet<u32> = program.segments.iter().flat_map(|s| s.functions.iter().copied()).collect();
        // A function that is no larger than its stub would be comes earlier, if it needs nothing else of a later part.
        for number in 0..parts {
            let called: BTreeSet<u32> = own.clone().filter(|&f| part[f as usize] == number).flat_map(named_by).collect();
            for &function in called.union(&in_tables).filter(|&&f| f >= imported) {
                if part[function as usize] > number
                    && program.body(function).range().len() <= stub_size(program, function)
                    && named_by(function).all(|f| part[f as usize] <= number)
                {
                    part[function as usize] = number;
                }
            }
        }

        let mut plan = Plan {
            own: Vec::new(),
            stubs: Vec::new(),
            found: Vec::new(),
            by_slot: Vec::new(),
            table: program.tables.first().ok_or("there is no table")?.minimum as u32,
            imports: Vec::new(),
            late: Vec::new(),
            slots,
            part,
        };
        let mut stubs: BTreeSet<u32> = BTreeSet::new();
        for number in 0..parts {
            let mut here: Vec<u32> = own.clone().filter(|&f| plan.part[f as usize] == number).collect();
            let until_now: Vec<u32> = own.clone().filter(|&f| plan.part[f as usize] <= number).collect();
            if number + 1 < parts {
                plan.late.push(linked.map(|l| late(program, &until_now, l)).transpose()?.unwrap_or_default());
            }
            let named: BTreeSet<u32> = here.iter().flat_map(|&f| named_by(f)).collect();
            // What lies in tables may be called by everybody who knows its slot.
            let known = match linked {
                Some(linked) => slots_known(program, &until_now, linked, plan.late.last().filter(|_| number + 1 < parts))?,
                None => (0..plan.table).collect(),
            };
            let by_slot: BTreeSet<u32> = program
                .segments
                .iter()
                .flat_map(|segment| {
                    let slots = segment.functions.iter().zip(segment.first..);
                    slots.filter(|(_, slot)| segment.table > 0 || known.contains(slot)).map(|(&function, _)| function)
                })
                .collect();
            let of_others = |f: &u32| *f >= imported && plan.part[*f as usize] != number;
            let of_later = |f: &u32| *f >= imported && plan.part[*f as usize] > number;
            let new: BTreeSet<u32> = named.union(&by_slot).copied().filter(|f| of_later(f) && !stubs.contains(f)).collect();
            let found: BTreeSet<u32> = named.iter().copied().filter(|f| of_others(f) && !new.contains(f)).collect();
            // Those that come one after another in a part do so in the table as well, which is packed well.
            let mut placed: Vec<u32> = new.union(&found).copied().collect();
            placed.sort_by_key(|&f| (plan.part[f as usize], &program.names[f as usize]));
            for function in placed {
                plan.slots.entry(function).or_insert_with(|| {
                    plan.table += 1;
                    plan.table - 1
                });
            }
            plan.by_slot.push(by_slot);
            here.sort_by_key(|&f| &program.names[f as usize]);
            stubs.extend(&new);
            plan.imports.push(named.range(..imported).copied().collect());
            plan.own.push(here);
            plan.stubs.push(new);
            plan.found.push(found);
        }
        // Functions of JavaScript that lie in a table are the first part's.
        plan.imports[0].extend(in_tables.range(..imported));
        Ok(plan)
    }

    /// Whether each slot that a part may know has something in it by then.
    fn check(&self, program: &Program<'_>) -> Result<(), Fault> {
        let mut filled = BTreeSet::new();
        for (part, by_slot) in self.by_slot.iter().enumerate() {
            filled.extend(self.filled(program, part).into_keys());
            for segment in &program.segments {
                for (function, slot) in segment.functions.iter().zip(segment.first..) {
                    if by_slot.contains(function) && !filled.contains(&(segment.table, slot)) {
                        return Err(format!("{} is called by an empty slot", program.names[*function as usize]).into());
                    }
                }
            }
        }
        Ok(())
    }

    /// The slots that a part fills: with its own functions, and with its stubs.
    fn filled(&self, program: &Program<'_>, part: usize) -> BTreeMap<(u32, u32), u32> {
        // A stub that only this part calls, and nobody by its slot, need not be there.
        let is_found = |f: u32| self.found[part + 1..].iter().any(|found| found.contains(&f));
        // It may be that only a later part knows the slot.
        let is_called = |f: u32| self.by_slot[part..self.part[f as usize]].iter().any(|known| known.contains(&f)) || is_found(f);
        let fills = |f: u32| self.part[f as usize] == part || self.stubs[part].contains(&f) && is_called(f);
        let mut filled = BTreeMap::new();
        for segment in &program.segments {
            let here = segment.functions.iter().zip(segment.first..).filter(|(f, _)| fills(**f));
            filled.extend(here.map(|(&f, slot)| ((segment.table, slot), f)));
        }
        filled.extend(self.slots.iter().filter(|(f, _)| fills(**f)).map(|(&f, &slot)| ((0, slot), f)));
        filled
    }
}

/// Divides a program: `part` says of each function with which part it comes. Constants are divided too where there is the program
/// as the linker wrote it.
pub(crate) fn divide(program: &Program<'_>, part: Vec<usize>, linked: Option<&[u8]>) -> Result<Parts, Fault> {
    let linked = linked.map(Linked::new).transpose()?;
    let plan = Plan::new(program, part, linked.as_ref())?;
    plan.check(program)?;
    Ok(Parts {
        programs: (0..plan.own.len()).map(|part| written(program, &plan, part)).collect::<Result<_, _>>()?,
        imports: program.imports.iter().map(|i| i.name.to_owned()).collect(),
        counts: plan.own.iter().zip(&plan.stubs).map(|(own, stubs)| (own.len(), stubs.len())).collect(),
    })
}

/// What lies in some ranges and in none of others, which are in order as well.
fn without(ranges: &[Range<u32>], others: &[Range<u32>]) -> Vec<Range<u32>> {
    let mut left = Vec::new();
    for range in ranges {
        let mut from = range.start;
        for other in others.iter().filter(|o| o.start < range.end && o.end > range.start) {
            if from < other.start {
                left.push(from..other.start);
            }
            from = from.max(other.end);
        }
        if from < range.end {
            left.push(from..range.end);
        }
    }
    left
}

/// The parts of a segment that lie in some ranges of memory.
fn within(ranges: &[Range<u32>], segment: &Data<'_>) -> Vec<Range<usize>> {
    let end = segment.at + segment.bytes.len() as u32;
    let parts = ranges.iter().map(|r| r.start.max(segment.at)..r.end.min(end)).filter(|r| !r.is_empty());
    parts.map(|r| (r.start - segment.at) as usize..(r.end - segment.at) as usize).collect()
}

/// The tables, of which the first has more slots.
fn tables(program: &Program<'_>, plan: &Plan) -> Vec<TableType> {
    let mut tables = program.tables.clone();
    if let Some(table) = tables.first_mut() {
        table.maximum = table.maximum.map(|most| most + u64::from(plan.table) - table.minimum);
        table.minimum = u64::from(plan.table);
    }
    tables
}

/// The global that says whether a part is there.
fn loaded(program: &Program<'_>, part: usize) -> u32 {
    (program.globals.len() + part - 1) as u32
}

const FLAG: GlobalType = GlobalType { val_type: ValType::I32, mutable: true, shared: false };

fn written(program: &Program<'_>, plan: &Plan, part: usize) -> Result<Vec<u8>, Fault> {
    let mut numbers = Numbers::new(program);
    let mut imports = numbers.imports(&plan.imports[part]);
    for function in &plan.found[part] {
        imports.import("first", &plan.slots[function].to_string(), EntityType::Function(numbers.add(*function)));
    }
    let load_type = program.types.iter().position(|t| t.params().is_empty() && t.results().is_empty());
    let load_type = load_type.ok_or("no function is without parameters and results")? as u32;
    let loads: BTreeMap<usize, u32> = (part + 1..plan.own.len())
        .map(|later| {
            imports.import("later", &format!("load{later}"), EntityType::Function(numbers.ty(load_type)));
            (later, numbers.next())
        })
        .collect();
    let shared_tables = tables(program, plan);
    let flags = 1..plan.own.len();
    if part > 0 {
        for (index, memory) in program.memories.iter().enumerate() {
            imports.import("first", &format!("m{index}"), EntityType::Memory(*memory));
        }
        for (index, table) in shared_tables.iter().enumerate() {
            imports.import("first", &format!("t{index}"), EntityType::Table(*table));
        }
        for (index, (ty, _)) in program.globals.iter().enumerate() {
            imports.import("first", &format!("g{index}"), EntityType::Global(*ty));
        }
        for later in flags.clone() {
            imports.import("first", &format!("loaded{later}"), EntityType::Global(FLAG));
        }
    }

    let mut functions = FunctionSection::new();
    for &function in &plan.own[part] {
        functions.function(numbers.add(function));
    }
    // Those of one type together: they differ by their slot alone, and are packed well.
    let mut stubs: Vec<(u32, u32, u32)> = plan.stubs[part].iter().map(|&f| (program.type_of(f), plan.slots[&f], f)).collect();
    stubs.sort_unstable();
    for &(.., function) in &stubs {
        functions.function(numbers.add(function));
    }
    let mut code = CodeSection::new();
    for &function in &plan.own[part] {
        numbers.parse_function_body(&mut code, program.body(function).clone())?;
    }
    for &(ty, slot, function) in &stubs {
        let later = plan.part[function as usize];
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::GlobalGet(loaded(program, later))).instruction(&Instruction::I32Eqz);
        stub.instruction(&Instruction::If(BlockType::Empty)).instruction(&Instruction::Call(loads[&later]));
        stub.instruction(&Instruction::End);
        for parameter in 0..program.types[ty as usize].params().len() {
            stub.instruction(&Instruction::LocalGet(parameter as u32));
        }
        stub.instruction(&Instruction::I32Const(slot as i32));
        stub.instruction(&Instruction::CallIndirect { type_index: numbers.ty(ty), table_index: 0 }).instruction(&Instruction::End);
        code.function(&stub);
    }

    let mut elements = ElementSection::new();
    let mut filled = plan.filled(program, part).into_iter().peekable();
    while let Some(((table, first), function)) = filled.next() {
        let mut run = vec![numbers.function(function)?];
        while let Some((_, function)) = filled.next_if(|&(place, _)| place == (table, first + run.len() as u32)) {
            run.push(numbers.function(function)?);
        }
        let table = (table > 0).then_some(table);
        elements.active(table, &ConstExpr::i32_const(first as i32), Elements::Functions(run.into()));
    }

    let mut module = Module::new();
    if part > 0 {
        let data = data_of(program, plan, part);
        module.section(&numbers.section).section(&imports).section(&functions).section(&elements).section(&code).section(&data);
        return Ok(module.finish());
    }
    let mut tables = TableSection::new();
    for table in shared_tables {
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
    for later in flags {
        globals.global(FLAG, &ConstExpr::i32_const(0));
        exports.export(&format!("loaded{later}"), ExportKind::Global, loaded(program, later));
    }
    let data = first_data(program, plan);
    module.section(&numbers.section).section(&imports).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&code).section(&data);
    Ok(module.finish())
}

/// What memory holds at first.
fn first_data(program: &Program<'_>, plan: &Plan) -> DataSection {
    let mut data = DataSection::new();
    let late = plan.late.first().map_or(&[][..], Vec::as_slice);
    for segment in &program.data {
        let mut bytes = segment.bytes.to_vec();
        let mut from = 0;
        for hole in within(late, segment) {
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
    data
}

/// What a later part puts into memory.
fn data_of(program: &Program<'_>, plan: &Plan, part: usize) -> DataSection {
    let mut data = DataSection::new();
    let later: Vec<Range<u32>> = plan.late.get(part).into_iter().flatten().filter(|r| r.len() >= HOLE as usize).cloned().collect();
    let here = without(&plan.late[part - 1], &later);
    for segment in &program.data {
        for piece in within(&here, segment) {
            let at = ConstExpr::i32_const((segment.at as usize + piece.start) as i32);
            data.active(0, &at, segment.bytes[piece].iter().copied());
        }
    }
    data
}
