//! Basic blocks: instructions that are carried out one after another, all or none. The list of what the first visit needs
//! (`web/opening.txt`) says of each function which of them it comes to.

use std::collections::BTreeMap;
use std::fmt::Write;

use wasmparser::{FunctionBody, Operator};

use crate::program::{Fault, Program};
use crate::site::PARTS;

/// What the list knows of a function's code: it holds for a function whose instructions are of the same kinds in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Shape {
    /// How many basic blocks there are.
    pub(crate) blocks: u32,
    /// A sum over the kinds of its instructions: not over what they name, which other builds number otherwise.
    kinds: u32,
}

/// Whether a basic block begins after an instruction: control comes there from elsewhere too, or not in every case.
pub(crate) fn begins_after(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::If { .. } | Operator::Else | Operator::End | Operator::Loop { .. } | Operator::BrIf { .. })
}

impl Shape {
    pub(crate) fn of(body: &FunctionBody<'_>) -> Result<Shape, Fault> {
        let bytes = body.as_bytes();
        let start = body.range().start;
        // FNV-1a, which is short and the same everywhere.
        let mut shape = Shape { blocks: 1, kinds: 0x811c_9dc5 };
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let kind = bytes[operators.original_position() - start];
            shape.kinds = (shape.kinds ^ u32::from(kind)).wrapping_mul(0x0100_0193);
            let operator = operators.read()?;
            shape.blocks += u32::from(begins_after(&operator) && !operators.eof());
        }
        Ok(shape)
    }
}

/// When a first visit comes to what.
#[derive(Default)]
pub(crate) struct Opening<'a> {
    /// The functions that it calls, by name.
    functions: BTreeMap<&'a str, Called>,
}

/// The functions of a name.
struct Called {
    /// With which part of the program the first of them is needed.
    part: u8,
    /// For each code: with which part each of its blocks is.
    codes: Vec<(Shape, Vec<u8>)>,
}

impl<'a> Opening<'a> {
    /// Reads the list. A line is the number of a part, a tab and a function's name; where not all of its code is needed with this
    /// part, a tab, the sum, a tab, and the parts of its blocks: how many are of which ("12:0 3:2 1:0").
    pub(crate) fn new(list: &'a str) -> Result<Self, Fault> {
        let mut opening = Opening::default();
        for (line, number) in list.lines().zip(1..) {
            opening.read(line).ok_or_else(|| format!("line {number} of the list cannot be read: {line}"))?;
        }
        Ok(opening)
    }

    fn read(&mut self, line: &'a str) -> Option<()> {
        let mut columns = line.split('\t');
        let known = |part: &str| part.parse().ok().filter(|part| usize::from(*part) < PARTS.len());
        let part = known(columns.next()?)?;
        let called = self.functions.entry(columns.next()?).or_insert(Called { part, codes: Vec::new() });
        called.part = called.part.min(part);
        if let Some(kinds) = columns.next() {
            let mut parts = Vec::new();
            for run in columns.next()?.split(' ') {
                let (count, part) = run.split_once(':')?;
                parts.resize(parts.len() + count.parse::<usize>().ok()?, known(part)?);
            }
            let shape = Shape { blocks: parts.len() as u32, kinds: u32::from_str_radix(kinds, 16).ok()? };
            called.codes.push((shape, parts));
        }
        Some(())
    }

    /// With which part a function is needed, if the list has its name.
    pub(crate) fn part(&self, name: &str, shape: Shape) -> Option<u8> {
        let called = self.functions.get(name)?;
        Some(self.parts(name, shape).map_or(called.part, |parts| parts[0]))
    }

    /// With which part each block of a function is needed, where the list knows this code and they differ.
    pub(crate) fn parts(&self, name: &str, shape: Shape) -> Option<&[u8]> {
        let (_, parts) = self.functions.get(name)?.codes.iter().find(|(known, _)| *known == shape)?;
        Some(parts)
    }
}

/// The functions of a program, for who reads the marks: the name, a tab, the sum, a tab, and the number of blocks of each.
pub(crate) fn described(program: &Program<'_>) -> Result<String, Fault> {
    let mut lines = String::new();
    for (body, name) in program.bodies.iter().zip(&program.names[program.imports.len()..]) {
        let Shape { blocks, kinds } = Shape::of(body)?;
        writeln!(lines, "{name}\t{kinds:08x}\t{blocks}")?;
    }
    Ok(lines)
}
