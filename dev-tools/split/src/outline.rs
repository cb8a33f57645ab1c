//! Takes out of functions what is needed later than their beginning, or never in a first visit: such code becomes a function of its
//! own, called where it was, and so can come with another part of the program (hot-cold splitting, on WebAssembly's structure).
//!
//! What is not come to always reaches to the end of the block, loop or arm that it is in. The new function gets as parameters
//! what lies on the stack there and the locals that the code may read before it writes them. It answers what it has on the stack
//! at the end, by which of several ways it was left (a number, where there is more than one), and the locals that it wrote and
//! that somebody may read later.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, Instruction, Module, RawSection, SectionId, TypeSection, ValType,
};
use wasmparser::{FrameKind, FuncValidator, FunctionBody, Operator, Parser, Payload, ValidPayload, Validator, ValidatorResources};

use crate::blocks::begins_after;
use crate::program::{Fault, Program};

/// Code is taken out if it has at least so many bytes more than what calls it.
const GAIN: usize = 4;

/// A set of locals.
type Locals = BTreeSet<u32>;

/// A program with code taken out.
pub(crate) struct Outlined {
    pub(crate) bytes: Vec<u8>,
    /// The functions that the code has become, which are the program's last.
    pub(crate) taken: Vec<Taken>,
}

/// A function that was taken out of another.
pub(crate) struct Taken {
    /// The number of the other.
    pub(crate) from: u32,
    /// With which part each of its blocks is needed.
    pub(crate) parts: Vec<u8>,
}

/// A block, loop or arm, or the function itself.
#[derive(Clone)]
struct Scope {
    /// The number of the instruction that opens it; none for the function.
    opens: Option<usize>,
    is_loop: bool,
    results: Vec<ValType>,
}

/// Code that is needed later than the beginning of its function.
struct Cold {
    /// Its instructions: the number of the first, and of what ends the block that it is in.
    from: usize,
    to: usize,
    /// Its basic blocks.
    blocks: Range<usize>,
    /// Its bytes in the program.
    size: usize,
    /// The types of what lies on the stack of its block at its beginning.
    stack: Vec<ValType>,
    /// What it is in, the innermost first.
    scopes: Vec<Scope>,
    /// Whether control can come to its end.
    falls: bool,
}

/// How control leaves some code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// At its end.
    Falls,
    /// To the label of what it is in, the innermost having the number 0.
    Label(u32),
}

/// What passes between cold code and the function it is taken from.
struct Border {
    /// The locals that it needs, those of a type together.
    needs: Vec<u32>,
    /// The locals that it changes for who comes later.
    changes: Vec<u32>,
    exits: Vec<Exit>,
    /// What it has on the stack when it leaves, at some exits at least.
    value: Option<ValType>,
}

/// A function's code.
struct Code<'a> {
    operators: Vec<Operator<'a>>,
    /// The number of the instruction that opens what an `end` ends.
    opened: BTreeMap<usize, usize>,
    /// The number of the `else` that an `if` has.
    otherwise: BTreeMap<usize, usize>,
    /// The types of its locals, parameters first.
    locals: Vec<ValType>,
    cold: Vec<Cold>,
    /// What may be read after a block, by the number of the instruction that opens it.
    after: BTreeMap<usize, Locals>,
    /// What may be read when a loop goes round.
    again: BTreeMap<usize, Locals>,
}

/// Takes out of functions what is not needed with their first instructions. `parts` says of a function with which part each of its
/// blocks is needed, if that is known.
pub(crate) fn outline<'p>(bytes: &[u8], parts: impl Fn(u32) -> Option<&'p [u8]>) -> Result<Outlined, Fault> {
    let program = Program::new(bytes)?;
    let mut types = Types { section: TypeSection::new(), known: Vec::new() };
    for ty in &program.types {
        types.section.ty().func_type(ty);
        types.known.push((ty.params().to_vec(), ty.results().to_vec()));
    }
    let mut hot = Vec::new();
    let mut cold: Vec<(u32, Function)> = Vec::new();
    let mut out = Vec::new();
    let mut validator = Validator::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            let number = function.index;
            let parts = parts(number).unwrap_or_default();
            let code = match parts.first() {
                Some(own) if parts.iter().any(|part| part > own) => {
                    Code::new(&body, function.into_validator(Default::default()), parts)?
                }
                _ => None,
            };
            let mut taken = Vec::new();
            if let Some(code) = &code {
                for part in &code.cold {
                    if let Some(border) = code.border(part).filter(|border| part.size >= border.size(part) + GAIN) {
                        let callee = program.count() + cold.len() as u32;
                        cold.push((types.number(border.type_of(code, part)), code.taken_out(part, &border)?));
                        out.push(Taken { from: number, parts: parts[part.blocks.clone()].to_vec() });
                        taken.push((part, border, callee));
                    }
                }
            }
            hot.push(match &code {
                Some(code) if !taken.is_empty() => code.without(&body, &taken)?,
                _ => whole(&body)?,
            });
        }
    }

    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(_) => {
                module.section(&types.section);
            }
            Payload::FunctionSection(_) => {
                let mut functions = FunctionSection::new();
                for ty in program.functions.iter().copied().chain(cold.iter().map(|(ty, _)| *ty)) {
                    functions.function(ty);
                }
                module.section(&functions);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for function in hot.iter().chain(cold.iter().map(|(_, function)| function)) {
                    code.function(function);
                }
                module.section(&code);
            }
            other => {
                if let Some((id, range)) = other.as_section().filter(|(id, _)| *id != SectionId::Code as u8) {
                    module.section(&RawSection { id, data: &bytes[range] });
                }
            }
        }
    }
    let bytes = module.finish();
    Validator::new().validate_all(&bytes)?;
    Ok(Outlined { bytes, taken: out })
}

/// The types of functions.
struct Types {
    section: TypeSection,
    known: Vec<(Vec<ValType>, Vec<ValType>)>,
}

impl Types {
    fn number(&mut self, ty: (Vec<ValType>, Vec<ValType>)) -> u32 {
        let place = self.known.iter().position(|known| *known == ty).unwrap_or_else(|| {
            self.section.ty().function(ty.0.iter().copied(), ty.1.iter().copied());
            self.known.push(ty);
            self.known.len() - 1
        });
        place as u32
    }
}

/// A function as it is.
fn whole(body: &FunctionBody<'_>) -> Result<Function, Fault> {
    let same = &mut RoundtripReencoder;
    let mut function = same.new_function_with_parsed_locals(body)?;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        function.instruction(&same.parse_instruction(&mut operators)?);
    }
    Ok(function)
}

/// A type as it is written.
fn written(ty: wasmparser::ValType) -> Result<ValType, Fault> {
    Ok(RoundtripReencoder.val_type(ty)?)
}

impl<'a> Code<'a> {
    /// Reads a function's code, with what of it is cold. Nothing where it has a block that is unlike what compilers make.
    fn new(body: &FunctionBody<'a>, mut validator: FuncValidator<ValidatorResources>, parts: &[u8]) -> Result<Option<Self>, Fault> {
        let mut code = Code {
            operators: Vec::new(),
            opened: BTreeMap::new(),
            otherwise: BTreeMap::new(),
            locals: Vec::new(),
            cold: Vec::new(),
            after: BTreeMap::new(),
            again: BTreeMap::new(),
        };
        validator.read_locals(&mut body.get_binary_reader())?;
        for local in 0..validator.len_locals() {
            code.locals.push(written(validator.get_local_type(local).ok_or("a local has no type")?)?);
        }
        let Some(results) = results(&validator)? else { return Ok(None) };
        let mut scopes = vec![Scope { opens: None, is_loop: false, results }];
        // The cold code that is being read: in how many blocks it is, and where it begins.
        let mut open: Option<(usize, usize)> = None;
        let mut block = 0;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, at) = operators.read_with_offset()?;
            let number = code.operators.len();
            let ends = matches!(operator, Operator::End | Operator::Else);
            let frame = validator.get_control_frame(0).ok_or("code goes on after the end of a function")?;
            if open.is_none() && !ends && !frame.unreachable && parts.get(block).is_some_and(|part| *part > parts[0]) {
                let mut stack = Vec::new();
                for depth in (0..validator.operand_stack_height() as usize - frame.height).rev() {
                    let ty = validator.get_operand_type(depth).flatten().ok_or("what lies on the stack has no type")?;
                    stack.push(written(ty)?);
                }
                open = Some((scopes.len(), at));
                let scopes = scopes.iter().rev().cloned().collect();
                code.cold.push(Cold { from: number, to: number, blocks: block..block, size: 0, stack, scopes, falls: false });
            }
            if let (true, Some((depth, start)), Some(cold)) = (ends, open, code.cold.last_mut())
                && depth == scopes.len()
            {
                (cold.to, cold.size, cold.falls) = (number, at - start, !frame.unreachable);
                cold.blocks.end = block + 1;
                open = None;
            }
            match &operator {
                Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                    let results = match blockty {
                        wasmparser::BlockType::Empty => Vec::new(),
                        wasmparser::BlockType::Type(ty) => vec![written(*ty)?],
                        wasmparser::BlockType::FuncType(_) => return Ok(None),
                    };
                    let is_loop = matches!(operator, Operator::Loop { .. });
                    scopes.push(Scope { opens: Some(number), is_loop, results });
                }
                Operator::Else => {
                    let opens = scopes.last().and_then(|s| s.opens).ok_or("an else has no if")?;
                    code.otherwise.insert(opens, number);
                }
                Operator::End => {
                    if let Some(opens) = scopes.pop().and_then(|s| s.opens) {
                        code.opened.insert(number, opens);
                    }
                }
                _ => {}
            }
            validator.op(at, &operator)?;
            if let Some(frame) = validator.get_control_frame(0)
                && !matches!(frame.kind, FrameKind::Block | FrameKind::If | FrameKind::Else | FrameKind::Loop)
            {
                return Ok(None);
            }
            block += usize::from(begins_after(&operator) && !operators.eof());
            code.operators.push(operator);
        }
        if !code.cold.is_empty() {
            code.live(0, code.operators.len() - 1, Locals::new(), &mut vec![Locals::new()]);
        }
        Ok(Some(code))
    }

    /// The locals that may be read from some instructions on. `live` may be read after them, `labels` at the labels around them.
    fn live(&mut self, from: usize, to: usize, mut live: Locals, labels: &mut Vec<Locals>) -> Locals {
        let mut next = to;
        while next > from {
            next -= 1;
            let label = |depth: u32| &labels[labels.len() - 1 - depth as usize];
            match &self.operators[next] {
                Operator::LocalGet { local_index } => {
                    live.insert(*local_index);
                }
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    live.remove(local_index);
                }
                Operator::Br { relative_depth } => live = label(*relative_depth).clone(),
                Operator::BrIf { relative_depth } => live.extend(label(*relative_depth)),
                Operator::BrTable { targets } => {
                    live.clear();
                    for depth in targets.targets().flatten().chain([targets.default()]) {
                        live.extend(label(depth));
                    }
                }
                Operator::Return | Operator::Unreachable => live.clear(),
                Operator::End => {
                    let opens = self.opened[&next];
                    self.after.insert(opens, live.clone());
                    live = match self.operators[opens] {
                        Operator::Loop { .. } => self.live_in_loop(opens, next, &live, labels),
                        _ => self.live_in_block(opens, next, live, labels),
                    };
                    next = opens;
                }
                _ => {}
            }
        }
        live
    }

    fn live_in_loop(&mut self, opens: usize, end: usize, live: &Locals, labels: &mut Vec<Locals>) -> Locals {
        loop {
            let known = self.again.get(&opens).cloned().unwrap_or_default();
            labels.push(known.clone());
            let found = self.live(opens + 1, end, live.clone(), labels);
            labels.pop();
            self.again.insert(opens, found.clone());
            if found == known {
                return found;
            }
        }
    }

    fn live_in_block(&mut self, opens: usize, end: usize, live: Locals, labels: &mut Vec<Locals>) -> Locals {
        labels.push(live.clone());
        let otherwise = self.otherwise.get(&opens).copied();
        let mut found = self.live(opens + 1, otherwise.unwrap_or(end), live.clone(), labels);
        if let Some(otherwise) = otherwise {
            found.extend(self.live(otherwise + 1, end, live, labels));
        } else if matches!(self.operators[opens], Operator::If { .. }) {
            found.extend(live);
        }
        labels.pop();
        found
    }

    /// What passes between cold code and the rest of its function. Nothing where that is more than a call can say simply.
    fn border(&self, cold: &Cold) -> Option<Border> {
        let mut needs = Locals::new();
        let mut written = Locals::new();
        // What is surely written, in each block that is open; and at each exit.
        let mut sure = vec![Locals::new()];
        let mut exits: BTreeMap<Exit, Locals> = BTreeMap::new();
        let mut leave = |exit: Exit, sure: &Locals| {
            exits.entry(exit).and_modify(|known| known.retain(|local| sure.contains(local))).or_insert_with(|| sure.clone());
        };
        for operator in &self.operators[cold.from..cold.to] {
            let inside = sure.len() as u32 - 1;
            let now = sure.last_mut()?;
            match operator {
                Operator::LocalGet { local_index } => {
                    if !now.contains(local_index) {
                        needs.insert(*local_index);
                    }
                }
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    now.insert(*local_index);
                    written.insert(*local_index);
                }
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    let now = now.clone();
                    sure.push(now);
                }
                Operator::Else => {
                    sure.pop();
                    let now = sure.last()?.clone();
                    sure.push(now);
                }
                Operator::End => {
                    sure.pop();
                }
                _ => {
                    for depth in targets(operator, inside + cold.scopes.len() as u32 - 1) {
                        if depth >= inside {
                            leave(cold.exit(depth - inside), now);
                        }
                    }
                }
            }
        }
        if cold.falls {
            leave(Exit::Falls, sure.last()?);
        }
        let live: Locals = exits.keys().filter_map(|&exit| self.live_at(cold, exit)).flatten().copied().collect();
        let changes: Locals = written.intersection(&live).copied().collect();
        for sure in exits.values() {
            needs.extend(changes.difference(sure));
        }
        let exits: Vec<Exit> = exits.into_keys().collect();
        let values: BTreeSet<u32> = exits.iter().flat_map(|&exit| cold.values(exit)).map(|&ty| order(ty)).collect();
        let most = exits.iter().map(|&exit| cold.values(exit).len()).max().unwrap_or(0);
        let alike = exits.iter().all(|&exit| cold.values(exit).len() == most);
        let falls_out_of_loop = cold.scopes[0].is_loop && exits.contains(&Exit::Falls);
        if values.len() > 1 || most > 1 || exits.len() > 2 && (!alike || falls_out_of_loop) {
            return None;
        }
        let value = exits.iter().find_map(|&exit| cold.values(exit).first().copied());
        Some(Border { needs: self.by_type(needs), changes: self.by_type(changes), exits, value })
    }

    /// Locals, those of a type together.
    fn by_type(&self, locals: Locals) -> Vec<u32> {
        let mut locals: Vec<u32> = locals.into_iter().collect();
        locals.sort_by_key(|&local| (order(self.locals[local as usize]), local));
        locals
    }

    /// What may be read where an exit leads to.
    fn live_at(&self, cold: &Cold, exit: Exit) -> Option<&Locals> {
        match exit {
            Exit::Label(label) if cold.scopes[label as usize].is_loop => self.again.get(&cold.scopes[label as usize].opens?),
            Exit::Label(label) => self.after.get(&cold.scopes[label as usize].opens?),
            Exit::Falls => self.after.get(&cold.scopes[0].opens?),
        }
    }

    /// The function that cold code becomes.
    fn taken_out(&self, cold: &Cold, border: &Border) -> Result<Function, Fault> {
        let same = &mut RoundtripReencoder;
        let operators = &self.operators[cold.from..cold.to];
        let own: Locals = operators.iter().filter_map(local).filter(|local| !border.needs.contains(local)).collect();
        let own = self.by_type(own);
        let places: BTreeMap<u32, u32> = border.needs.iter().chain(&own).copied().zip(cold.stack.len() as u32..).collect();
        let mut function = Function::new_with_locals_types(own.iter().map(|&local| self.locals[local as usize]));
        for &exit in border.exits.iter().rev() {
            let ty = cold.values(exit).first().map_or(BlockType::Empty, |&value| BlockType::Result(value));
            function.instruction(&Instruction::Block(ty));
        }
        for place in 0..cold.stack.len() as u32 {
            function.instruction(&Instruction::LocalGet(place));
        }
        let mut inside = 0;
        for operator in operators {
            let label = |depth: u32| match depth.checked_sub(inside) {
                None => depth,
                Some(outside) => inside + border.number(cold.exit(outside)),
            };
            function.instruction(&match operator {
                Operator::LocalGet { local_index } => Instruction::LocalGet(places[local_index]),
                Operator::LocalSet { local_index } => Instruction::LocalSet(places[local_index]),
                Operator::LocalTee { local_index } => Instruction::LocalTee(places[local_index]),
                Operator::Br { relative_depth } => Instruction::Br(label(*relative_depth)),
                Operator::BrIf { relative_depth } => Instruction::BrIf(label(*relative_depth)),
                Operator::BrTable { targets } => {
                    let labels = targets.targets().map(|target| target.map(label)).collect::<Result<Vec<_>, _>>()?;
                    Instruction::BrTable(labels.into(), label(targets.default()))
                }
                Operator::Return => Instruction::Br(label(inside + cold.scopes.len() as u32 - 1)),
                other => same.instruction(other.clone())?,
            });
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => inside += 1,
                Operator::End => inside -= 1,
                _ => {}
            }
        }
        for (number, &exit) in border.exits.iter().enumerate() {
            function.instruction(&Instruction::End);
            if let (Some(value), []) = (border.value, cold.values(exit)) {
                function.instruction(&zero(value)?);
            }
            if border.exits.len() > 1 {
                function.instruction(&Instruction::I32Const(number as i32));
            }
            for local in &border.changes {
                function.instruction(&Instruction::LocalGet(places[local]));
            }
            function.instruction(&Instruction::Return);
        }
        function.instruction(&Instruction::End);
        Ok(function)
    }

    /// The function without cold code that is taken out: in its place is the call of what it became.
    fn without(&self, body: &FunctionBody<'a>, taken: &[(&Cold, Border, u32)]) -> Result<Function, Fault> {
        let same = &mut RoundtripReencoder;
        let mut function = same.new_function_with_parsed_locals(body)?;
        let mut taken = taken.iter().peekable();
        let mut number = 0;
        while number < self.operators.len() {
            if let Some((cold, border, callee)) = taken.next_if(|(cold, ..)| cold.from == number) {
                border.call(cold, *callee, &mut function);
                number = cold.to;
            } else {
                function.instruction(&same.instruction(self.operators[number].clone())?);
                number += 1;
            }
        }
        Ok(function)
    }
}

impl Cold {
    /// What a branch to a label around it means.
    fn exit(&self, label: u32) -> Exit {
        if label == 0 && !self.scopes[0].is_loop { Exit::Falls } else { Exit::Label(label) }
    }

    /// What is on the stack when control leaves by an exit.
    fn values(&self, exit: Exit) -> &[ValType] {
        match exit {
            Exit::Falls => &self.scopes[0].results,
            Exit::Label(label) if self.scopes[label as usize].is_loop => &[],
            Exit::Label(label) => &self.scopes[label as usize].results,
        }
    }
}

impl Border {
    /// The number of an exit.
    fn number(&self, exit: Exit) -> u32 {
        self.exits.iter().position(|&known| known == exit).unwrap_or_default() as u32
    }

    /// The type of the function that the code becomes: what lies on the stack and what it needs; its value, its exit and changes.
    fn type_of(&self, code: &Code<'_>, cold: &Cold) -> (Vec<ValType>, Vec<ValType>) {
        let types = |locals: &[u32]| locals.iter().map(|&local| code.locals[local as usize]).collect::<Vec<_>>();
        let exit = (self.exits.len() > 1).then_some(ValType::I32);
        let answer = self.value.into_iter().chain(exit).collect();
        ([cold.stack.clone(), types(&self.needs)].concat(), [answer, types(&self.changes)].concat())
    }

    /// How many bytes it takes to call it, about: where it was, and its stub.
    fn size(&self, cold: &Cold) -> usize {
        12 + 2 * cold.stack.len() + 4 * self.needs.len() + 2 * self.changes.len() + 3 * self.exits.len()
    }

    /// Calls what the code has become, and goes on where it leads to.
    fn call(&self, cold: &Cold, callee: u32, function: &mut Function) {
        for &local in &self.needs {
            function.instruction(&Instruction::LocalGet(local));
        }
        function.instruction(&Instruction::Call(callee));
        for &local in self.changes.iter().rev() {
            function.instruction(&Instruction::LocalSet(local));
        }
        let label = |exit: &Exit| match exit {
            Exit::Falls => 0,
            Exit::Label(label) => *label,
        };
        match self.exits.as_slice() {
            [] => {
                function.instruction(&Instruction::Unreachable);
            }
            [Exit::Falls] => {}
            [one] => {
                function.instruction(&Instruction::Br(label(one)));
            }
            // It can only be the first of them that falls: there they are in order.
            [one, other] => {
                function.instruction(&Instruction::BrIf(label(other)));
                if *one != Exit::Falls {
                    function.instruction(&Instruction::Br(label(one)));
                } else if self.value.is_some() && cold.values(*one).is_empty() {
                    function.instruction(&Instruction::Drop);
                }
            }
            [many @ .., last] => {
                let many: Vec<u32> = many.iter().map(label).collect();
                function.instruction(&Instruction::BrTable(many.into(), label(last)));
            }
        }
    }
}

/// The depths of the labels that an instruction may branch to, the function's own being `function`.
fn targets(operator: &Operator<'_>, function: u32) -> Vec<u32> {
    match operator {
        Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => vec![*relative_depth],
        Operator::BrTable { targets } => targets.targets().flatten().chain([targets.default()]).collect(),
        Operator::Return => vec![function],
        _ => Vec::new(),
    }
}

/// The local that an instruction names.
fn local(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::LocalGet { local_index } | Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
            Some(*local_index)
        }
        _ => None,
    }
}

/// What a function answers, before its first instruction.
fn results(validator: &FuncValidator<ValidatorResources>) -> Result<Option<Vec<ValType>>, Fault> {
    use wasmparser::WasmModuleResources;
    let ty = validator.resources().type_index_of_function(validator.index()).ok_or("a function has no type")?;
    let ty = validator.resources().sub_type_at(ty).ok_or("a function has no type")?;
    match &ty.composite_type.inner {
        wasmparser::CompositeInnerType::Func(ty) => Ok(Some(ty.results().iter().map(|&ty| written(ty)).collect::<Result<_, _>>()?)),
        _ => Ok(None),
    }
}

/// The place of a type in an order of types.
fn order(ty: ValType) -> u32 {
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64].iter().position(|&known| known == ty).unwrap_or(4) as u32
}

/// A value of a type, whichever.
fn zero(ty: ValType) -> Result<Instruction<'static>, Fault> {
    Ok(match ty {
        ValType::I32 => Instruction::I32Const(0),
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        other => return Err(format!("code leaves a value of type {other:?}").into()),
    })
}
