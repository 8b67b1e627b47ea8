/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds out which symbols a program exports to the objects that it loads.
 */
#ifndef FREEHINT_ELF_SYMBOLS_H
#define FREEHINT_ELF_SYMBOLS_H

#include <elf.h>

#include "include/freehint/types.h"

/**
 * struct elf_symbols - the dynamic symbol table of a 64-bit ELF file
 * @file:    mapping of the whole file
 * @size:    bytes of the file
 * @symbol:  symbol table in the mapping
 * @count:   number of symbols
 * @strings: string table in the mapping
 * @strings_size: bytes of the string table
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
 * elf_symbols_open() - map a program and find its symbol table
 * @elf:  filled; call elf_symbols_close() after success
 * @path: path of the program
 *
 * Every number in the file is checked before it is used.
 *
 * Return: 0, -ENOEXEC: no 64-bit ELF file, -ENODATA: no dynamic symbols, or the
 * negative errno of open() or mmap().
 */
int elf_symbols_open(struct elf_symbols *elf, const char *path);

/** elf_symbols_close() - unmap the program */
void elf_symbols_close(struct elf_symbols *elf);

/** elf_symbols_has() - is @name in the table and defined? */
bool elf_symbols_has(const struct elf_symbols *elf, const char *name);

#endif /* FREEHINT_ELF_SYMBOLS_H */
