//! Makes a program note which of its basic blocks it comes to, to know what the first visit needs.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, Instruction, MemArg, MemorySection, MemoryType, Module, RawSection, SectionId,
};
use wasmparser::{Parser, Payload};

use crate::blocks::{Shape, begins_after};
use crate::program::{Fault, Program};

/// The program with a second memory, exported as `called`, in which each basic block of its own functions has a byte that is set
/// once control comes there.
pub(crate) fn mark(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let program = Program::new(bytes)?;
    let same = &mut RoundtripReencoder;
    let memory_index = program.memories.len() as u32;
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::MemorySection(_) => {
                let mut memories = MemorySection::new();
                for memory in &program.memories {
                    memories.memory(*memory);
                }
                let shapes = program.bodies.iter().map(Shape::of).collect::<Result<Vec<_>, _>>()?;
                let pages = shapes.iter().map(|s| u64::from(s.blocks)).sum::<u64>().div_ceil(65_536);
                memories.memory(MemoryType {
                    minimum: pages,
                    maximum: Some(pages),
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
                module.section(&memories);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                same.parse_export_section(&mut exports, section.clone())?;
                exports.export("called", ExportKind::Memory, memory_index);
                module.section(&exports);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                let mut blocks = 0..;
                for body in &program.bodies {
                    let mut function: Function = same.new_function_with_parsed_locals(body)?;
                    let mut mark = |function: &mut Function| {
                        let byte = blocks.next().unwrap_or_default();
                        function.instruction(&Instruction::I32Const(byte)).instruction(&Instruction::I32Const(1));
                        function.instruction(&Instruction::I32Store8(MemArg { offset: 0, align: 0, memory_index }));
                    };
                    mark(&mut function);
                    let mut rest = body.get_operators_reader()?;
                    while !rest.eof() {
                        let operator = rest.read()?;
                        let begins = begins_after(&operator) && !rest.eof();
                        function.instruction(&same.instruction(operator)?);
                        if begins {
                            mark(&mut function);
                        }
                    }
                    code.function(&function);
                }
                module.section(&code);
            }
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section().filter(|(id, _)| *id != SectionId::Code as u8) {
                    module.section(&RawSection { id, data: &bytes[range] });
                }
            }
        }
    }
    Ok(module.finish())
}
