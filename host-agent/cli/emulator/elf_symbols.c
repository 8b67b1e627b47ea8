// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out which symbols a program exports to the objects that it loads: section .dynsym
 * of the ELF specification. dlopen() is no help: it cannot open a program that is not a
 * shared object.
 */
#include "elf_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool inside(const struct elf_symbols *elf, u64 offset, u64 len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

static int map_file(struct elf_symbols *elf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (u64)st.st_size < sizeof(Elf64_Ehdr)) {
		ret = -ENOEXEC;
		goto out_close;
	}
	elf->size = (u64)st.st_size;
	elf->file = mmap(NULL, elf->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (elf->file == MAP_FAILED)
		ret = -errno;
out_close:
	close(fd);
	return ret;
}

static const Elf64_Shdr *sections(const struct elf_symbols *elf, u64 *count)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)elf->file;

	if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shoff % 8 ||
	    !inside(elf, head->e_shoff, (u64)head->e_shnum * sizeof(Elf64_Shdr)))
		return NULL;
	*count = head->e_shnum;
	return (const Elf64_Shdr *)(elf->file + head->e_shoff);
}

static bool use_table(struct elf_symbols *elf, const Elf64_Shdr *table,
		      const Elf64_Shdr *names)
{
	if (table->sh_offset % 8 || !inside(elf, table->sh_offset, table->sh_size) ||
	    !inside(elf, names->sh_offset, names->sh_size) || !names->sh_size ||
	    elf->file[names->sh_offset + names->sh_size - 1])
		return false;
	elf->symbol = (const Elf64_Sym *)(elf->file + table->sh_offset);
	elf->count = table->sh_size / sizeof(*elf->symbol);
	elf->strings = (const char *)elf->file + names->sh_offset;
	elf->strings_size = names->sh_size;
	return true;
}

static int find_table(struct elf_symbols *elf)
{
	u64 count = 0, i;
	const Elf64_Shdr *section = sections(elf, &count);

	if (!section)
		return -ENOEXEC;
	for (i = 0; i < count; i++)
		if (section[i].sh_type == SHT_DYNSYM && section[i].sh_link < count &&
		    use_table(elf, &section[i], &section[section[i].sh_link]))
			return 0;
	return -ENODATA;
}

int elf_symbols_open(struct elf_symbols *elf, const char *path)
{
	int ret;

	memset(elf, 0, sizeof(*elf));
	ret = map_file(elf, path);
	if (ret)
		return ret;
	ret = find_table(elf);
	if (ret)
		elf_symbols_close(elf);
	return ret;
}

void elf_symbols_close(struct elf_symbols *elf)
{
	munmap(elf->file, elf->size);
	elf->file = NULL;
}

bool elf_symbols_has(const struct elf_symbols *elf, const char *name)
{
	u64 i;

	for (i = 0; i < elf->count; i++)
		if (elf->symbol[i].st_shndx != SHN_UNDEF &&
		    elf->symbol[i].st_name < elf->strings_size &&
		    !strcmp(elf->strings + elf->symbol[i].st_name, name))
			return true;
	return false;
}
