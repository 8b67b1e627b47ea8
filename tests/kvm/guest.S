/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bare-metal guest for the dirty-log tests, in place of a BIOS: it writes one
 * word into each page of a region, or runs one as code, when COM1 tells it to, and sleeps
 * otherwise.
 *
 * Commands, all numbers 32 bits little endian:
 *
 *	'W' start end pattern	stores (address ^ pattern) at the start of every
 *				page of [start, end); answers 'w'
 *	'P'			answers 'p'
 *	'X' address		calls the code there; answers with its AL
 *	anything else		answers '?'
 *
 * Why firmware and not a boot sector: the KVM of some hosts interprets everything
 * outside 64-bit mode, and a BIOS needs ten seconds there. The same KVMs have no
 * IRET in 32-bit mode and cannot mark a descriptor in ROM as accessed; so there is
 * no IRET here, and the descriptors carry their mark.
 *
 * It gives BAR 2 of the ivshmem device an address and never looks there: the test plays the
 * module (fake_guest.c). The extension asks for memory only where the device decodes some.
 *
 * It waits in HLT with only the serial interrupt unmasked, so that an idle guest
 * costs the host nothing and writes nothing that a test would have to explain.
 */
	.set COM1, 0x3f8
	.set PIC1_CMD, 0x20
	.set PIC1_DATA, 0x21
	.set PIC2_DATA, 0xa1
	.set IRQ_BASE, 0x20
	.set IRQ4_VECTOR, IRQ_BASE + 4
	.set APIC_SPURIOUS, 0xfee000f0
	.set APIC_LINT0, 0xfee00350
	.set PAGE, 4096
	.set CONFIG_ADDRESS, 0xcf8
	.set CONFIG_DATA, 0xcfc
	.set CONFIG_ENABLE, 0x80000000
	.set PCI_DEVICES, 32
	.set IVSHMEM, 0x11101af4	/* device, vendor */
	.set COMMAND, 0x04
	.set COMMAND_MEMORY, 2
	.set BAR2, 0x18
	.set BAR3, 0x1c

	/* Where things are, physical addresses; linked at 0, run at ROM. */
	.set ROM, 0xf0000
	.set REGION, 0xe0000000		/* 256 MiB up to the interrupt controllers */
	.set IDT, 0x1000
	.set STACK, 0x3000

	.section .text, "ax"
	.global _start
	.code16
_start:
	cli
	cld
	movb $0x11, %al			/* first PIC: start its initialisation */
	outb %al, $PIC1_CMD
	movb $IRQ_BASE, %al
	outb %al, $PIC1_DATA
	movb $4, %al			/* the second PIC hangs on IRQ 2 */
	outb %al, $PIC1_DATA
	movb $1, %al			/* 8086 mode */
	outb %al, $PIC1_DATA
	movb $0xef, %al			/* everything masked but IRQ 4 */
	outb %al, $PIC1_DATA
	movb $0xff, %al
	outb %al, $PIC2_DATA
	inb $0x92, %al
	orb $2, %al			/* A20 on */
	outb %al, $0x92
	lgdtl %cs:gdt_desc
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $8, $flat + ROM

	.code32
flat:
	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $STACK, %esp
	movl $irq4 + ROM, %eax
	movl $IDT + 8 * IRQ4_VECTOR, %edi
	movw %ax, (%edi)
	movw $8, 2(%edi)
	movw $0x8e00, 4(%edi)		/* interrupt gate: clears IF */
	shrl $16, %eax
	movw %ax, 6(%edi)
	lidt idt_desc + ROM
	movl $0x1ff, APIC_SPURIOUS	/* local APIC on, its LINT0 */
	movl $0x700, APIC_LINT0		/* takes the PIC's interrupts */
	movw $COM1 + 4, %dx
	movb $0x0b, %al			/* DTR, RTS, OUT2: lets the interrupt out */
	outb %al, %dx
	movw $COM1 + 1, %dx
	movb $1, %al			/* interrupt when a byte has arrived */
	outb %al, %dx
	call map_region
	jmp next

/* Nothing, if the first bus has no ivshmem device. */
map_region:
	movl $CONFIG_ENABLE, %ebx	/* the device's first register */
	movl $PCI_DEVICES, %ecx
1:	movl %ebx, %eax
	movw $CONFIG_ADDRESS, %dx
	outl %eax, %dx
	movw $CONFIG_DATA, %dx
	inl %dx, %eax
	cmpl $IVSHMEM, %eax
	je 2f
	addl $0x800, %ebx
	loop 1b
	ret
2:	movl $REGION, %ecx
	leal BAR2(%ebx), %eax
	call config_write
	xorl %ecx, %ecx
	leal BAR3(%ebx), %eax
	call config_write
	movl $COMMAND_MEMORY, %ecx
	leal COMMAND(%ebx), %eax

/* register eax = ecx; uses edx */
config_write:
	movw $CONFIG_ADDRESS, %dx
	outl %eax, %dx
	movl %ecx, %eax
	movw $CONFIG_DATA, %dx
	outl %eax, %dx
	ret

write:
	call get_long
	movl %eax, %esi
	call get_long
	movl %eax, %edi
	call get_long
	movl %eax, %ecx
1:	cmpl %edi, %esi
	jae 2f
	movl %esi, %eax
	xorl %ecx, %eax
	movl %eax, (%esi)
	addl $PAGE, %esi
	jmp 1b
2:	movb $'w', %al
	jmp answer

execute:
	call get_long
	call *%eax
	jmp answer

ping:
	movb $'p', %al
answer:
	movw $COM1, %dx
	outb %al, %dx
next:
	call get_byte
	cmpb $'W', %al
	je write
	cmpb $'P', %al
	je ping
	cmpb $'X', %al
	je execute
	movb $'?', %al
	jmp answer

/* eax = the next four bytes; uses ebx, ecx, edx */
get_long:
	xorl %ebx, %ebx
	movl $4, %ecx
1:	call get_byte
	movb %al, %bl
	rorl $8, %ebx
	loop 1b
	movl %ebx, %eax
	ret

/* al = the next byte; a byte stays in the UART until read, so no wake-up is lost */
get_byte:
	movw $COM1 + 5, %dx
poll:
	inb %dx, %al
	testb $1, %al
	jnz 1f
	sti
	hlt
	cli
	jmp poll
1:	movw $COM1, %dx
	inb %dx, %al
	ret

/* Comes from HLT only. Drops its frame instead of an IRET; IF is clear already. */
irq4:
	addl $12, %esp
	movb $0x20, %al			/* end of interrupt */
	outb %al, $PIC1_CMD
	jmp poll

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* flat code, accessed */
	.quad 0x00cf93000000ffff	/* flat data, accessed */
gdt_desc:
	.word gdt_desc - gdt - 1
	.long gdt + ROM
idt_desc:
	.word 8 * (IRQ4_VECTOR + 1) - 1
	.long IDT

	.org 0xfff0			/* where the processor starts */
	.code16
	ljmp $0xf000, $0
	.org 0x10000
