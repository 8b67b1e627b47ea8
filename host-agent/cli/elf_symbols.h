/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which symbols a program exports to the objects it loads.
 */
#ifndef FREEHINT_ELF_SYMBOLS_H
#define FREEHINT_ELF_SYMBOLS_H

#include <elf.h>

#include "include/freehint/types.h"

/**
 * struct elf_symbols - the dynamic symbol table of a 64-bit ELF file
 * @file:    mapping of the whole file
 * @size:    bytes
 * @symbol:  table in it
 * @count:   entries
 * @strings: names
 * @strings_size: bytes
 */
struct elf_symbols {
	u8 *file;
	u64 size;
	const Elf64_Sym *symbol;
	u64 count;
	const char *strings;
	u64 strings_size;
};

/**
 * elf_symbols_open() - map a program and find its table
 * @elf:  filled; elf_symbols_close() it after success
 * @path: of the program
 *
 * Every number in the file is checked before it is used.
 *
 * Return: 0, -ENOEXEC: no 64-bit ELF file, -ENODATA: it has no dynamic symbols, or the
 * errno of opening it.
 */
int elf_symbols_open(struct elf_symbols *elf, const char *path);

/** elf_symbols_close() - unmap */
void elf_symbols_close(struct elf_symbols *elf);

/** elf_symbols_has() - is @name defined and visible? */
bool elf_symbols_has(const struct elf_symbols *elf, const char *name);

#endif /* FREEHINT_ELF_SYMBOLS_H */
