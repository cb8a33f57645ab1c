//! Makes a program note which of its functions are called, to know what the first visit needs.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, Instruction, MemArg, MemorySection, MemoryType, Module, RawSection, SectionId,
};
use wasmparser::{Parser, Payload};

use crate::program::{Fault, Program};

/// The program with a second memory, exported as `called`, in which each of its own functions sets its byte when it is called.
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
                let pages = (program.functions.len() as u64).div_ceil(65_536);
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
                for (number, body) in program.bodies.iter().enumerate() {
                    let mut function: Function = same.new_function_with_parsed_locals(body)?;
                    function.instruction(&Instruction::I32Const(number as i32)).instruction(&Instruction::I32Const(1));
                    function.instruction(&Instruction::I32Store8(MemArg { offset: 0, align: 0, memory_index }));
                    let mut rest = body.get_operators_reader()?;
                    while !rest.eof() {
                        function.instruction(&same.parse_instruction(&mut rest)?);
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
