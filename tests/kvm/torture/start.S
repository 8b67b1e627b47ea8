/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From reset to C: real mode, flat 32-bit mode, long mode, for both processors.
 *
 * The ROM takes the place of the BIOS at 0xf0000. The second processor is sent to
 * the same address and finds the page tables made.
 *
 * Some KVMs interpret everything but 64-bit user mode, several thousand cycles for
 * each instruction. So the processor counts how long a short loop takes, and
 * where that is absurd it goes on with privilege level 3. Nothing here needs an
 * interrupt, and I/O is open to level 3. SYSEXIT and not IRET: the same KVMs have
 * no IRET to offer. Processors without SYSEXIT in long mode never get there,
 * because nothing interprets their supervisor mode.
 *
 * Any exception is a triple fault: QEMU runs with -no-reboot and ends.
 */
#include "machine.h"

	/* Where page tables are; MAP_... are from machine.h. */
	.set PML4, MAP_TABLES
	.set PDPT, MAP_TABLES + 0x1000
	.set PD, MAP_TABLES + 0x2000	/* four of them: 4 GiB */
	.set TABLES_END, MAP_TABLES + 0x6000

	.set ENTRY, 0x27		/* present, writable, user, accessed */
	.set ENTRY_2M, 0xe7		/* the same, dirty, 2 MiB */

	.set MSR_APIC_BASE, 0x1b
	.set MSR_APIC_BASE_BSP, 1 << 8
	.set MSR_SYSENTER_CS, 0x174
	.set MSR_EFER, 0xc0000080
	.set EFER_LME, 1 << 8
	.set CR0_WHAT, 0x80010021	/* paging, write protect, FPU errors, protected */
	.set CR4_PAE, 1 << 5
	.set IOPL_3, 0x3002

	.set SELECTOR_CODE32, 8
	.set SELECTOR_DATA, 16
	.set SELECTOR_CODE64, 24

	.set LOOPS, 256
	.set TRIES, 8
	.set ABSURD, LOOPS * 400	/* cycles; natively it is some LOOPS * 1 */

	.section .text.start, "ax"
	.global _start
	.code16
_start:
	cli
	cld
	inb $0x92, %al
	orb $2, %al			/* A20 on */
	outb %al, $0x92
	lgdtl %cs:(gdt_desc - _start)
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE32, $flat

	.code32
flat:
	movw $SELECTOR_DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $MSR_APIC_BASE, %ecx
	rdmsr
	xorl %ebp, %ebp
	testl $MSR_APIC_BASE_BSP, %eax
	jnz first
	incl %ebp			/* ebp: number of this processor */
	jmp paging

/* One entry maps 2 MiB to itself, 2048 of them 4 GiB. */
first:
	movl $PML4, %edi
	movl $(TABLES_END - PML4) / 4, %ecx
	xorl %eax, %eax
	rep stosl
	movl $PDPT + ENTRY, PML4
	movl $PD + ENTRY, %eax
	movl $PDPT, %edi
1:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	cmpl $PDPT + 4 * 8, %edi
	jb 1b
	movl $ENTRY_2M, %eax
	movl $PD, %edi
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	cmpl $TABLES_END, %edi
	jb 2b

paging:
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PML4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_WHAT, %eax
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE64, $long

	.code64
long:
	movl $MAP_STACK_0, %esp
	testl %ebp, %ebp
	jz 1f
	movl $MAP_STACK_1, %esp
1:	movl $TRIES, %r8d
try:
	rdtsc
	movl %eax, %r9d
	movl $LOOPS, %ecx
1:	decl %ecx
	jnz 1b
	rdtsc
	subl %r9d, %eax
	cmpl $ABSURD, %eax
	jb go				/* once quick is quick: a slow try was a busy host */
	decl %r8d
	jnz try

	pushq $IOPL_3
	popfq
	movl $MSR_SYSENTER_CS, %ecx
	movl $SELECTOR_CODE32, %eax	/* SYSEXIT adds 32 for code, 40 for the stack */
	xorl %edx, %edx
	wrmsr
	leaq go(%rip), %rdx
	movq %rsp, %rcx
	rex.W sysexit

go:
	movl %ebp, %edi
	movl %cs, %esi
	andl $3, %esi
	call guest_main			/* (processor, privilege level); never returns */

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 32-bit code, accessed */
	.quad 0x00cf93000000ffff	/* data, accessed */
	.quad 0x00af9b000000ffff	/* 64-bit code, accessed */
	.quad 0
	.quad 0x00affb000000ffff	/* 64-bit code, level 3: where SYSEXIT goes */
	.quad 0x00cff3000000ffff	/* data, level 3 */
gdt_desc:
	.word gdt_desc - gdt - 1
	.long gdt

	.section .reset, "ax"
	.code16
	ljmp $0xf000, $0
	.balign 16
