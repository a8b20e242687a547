/* See the header. */
#include "engine/windows/console_rules.h"

#include "engine/banned.h"

#define PROCESSED_INPUT 0x0001u
#define LINE_INPUT 0x0002u
#define ECHO_INPUT 0x0004u
#define WINDOW_INPUT 0x0008u
#define MOUSE_INPUT 0x0010u
#define VIRTUAL_TERMINAL_INPUT 0x0200u

#define PROCESSED_OUTPUT 0x0001u
#define WRAP_AT_EOL_OUTPUT 0x0002u
#define VIRTUAL_TERMINAL_PROCESSING 0x0004u
#define DISABLE_NEWLINE_AUTO_RETURN 0x0008u

#define KEY_ALT 0x12
#define REPLACEMENT 0xFFFD

/*
 * A pseudoconsole asks for the keys as records (9001) and for the focus (1004)
 * on its own account; programs for the mouse (1000 to 1006), pasted text in
 * brackets (2004) and other cursor keys (1). It hides the cursor (25) while it
 * draws. First, a string that is cut off ends.
 */
const char sbk_console_closing[] =
	"\x1b\\\x1b[?9001l\x1b[?1004l\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l"
	"\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1l\x1b>\x1b[?"
	"25h\x1b[m";

void sbk_console_plan(const enum sbk_stream_kind kinds[3],
		      struct sbk_console_plan *out)
{
	const bool drawn =
		kinds[1] == SBK_STREAM_CONSOLE ||
		(kinds[2] == SBK_STREAM_CONSOLE && kinds[1] != SBK_STREAM_PIPE);
	unsigned i;

	*out = (struct sbk_console_plan){.terminal = 0};
	for (i = 0; drawn && i < 3; i++)
		if (kinds[i] == SBK_STREAM_CONSOLE)
			out->terminal |= 1u << i;
	out->no_input = !drawn && kinds[0] == SBK_STREAM_CONSOLE;
}

uint32_t sbk_console_input_mode(uint32_t before)
{
	return (before &
		~(PROCESSED_INPUT | LINE_INPUT | ECHO_INPUT | MOUSE_INPUT)) |
	       WINDOW_INPUT | VIRTUAL_TERMINAL_INPUT;
}

uint32_t sbk_console_output_mode(uint32_t before, bool bare)
{
	return before | PROCESSED_OUTPUT | WRAP_AT_EOL_OUTPUT |
	       VIRTUAL_TERMINAL_PROCESSING |
	       (bare ? DISABLE_NEWLINE_AUTO_RETURN : 0);
}

static void add_character(struct sbk_buf *out, uint32_t value)
{
	if (value < 0x80) {
		sbk_buf_addc(out, (char)value);
		return;
	}
	if (value < 0x800) {
		sbk_buf_addc(out, (char)(0xC0 | value >> 6));
	} else if (value < 0x10000) {
		sbk_buf_addc(out, (char)(0xE0 | value >> 12));
		sbk_buf_addc(out, (char)(0x80 | (value >> 6 & 0x3F)));
	} else {
		sbk_buf_addc(out, (char)(0xF0 | value >> 18));
		sbk_buf_addc(out, (char)(0x80 | (value >> 12 & 0x3F)));
		sbk_buf_addc(out, (char)(0x80 | (value >> 6 & 0x3F)));
	}
	sbk_buf_addc(out, (char)(0x80 | (value & 0x3F)));
}

static void add_unit(struct sbk_console_keys *keys, uint16_t unit,
		     struct sbk_buf *out)
{
	const bool is_low = unit >= 0xDC00 && unit < 0xE000;
	const uint16_t high = keys->high;

	keys->high = 0;
	if (high != 0 && is_low) {
		add_character(out, 0x10000 + ((uint32_t)(high - 0xD800) << 10) +
					   (unit - 0xDC00));
		return;
	}
	if (high != 0)
		add_character(out, REPLACEMENT);
	if (unit >= 0xD800 && unit < 0xDC00)
		keys->high = unit;
	else
		add_character(out, is_low ? REPLACEMENT : unit);
}

void sbk_console_key(struct sbk_console_keys *keys,
		     const struct sbk_console_key *key, struct sbk_buf *out)
{
	/* A character that was typed by its number comes when Alt goes up. */
	const bool types = key->down || (key->key == KEY_ALT && key->unit != 0);
	uint16_t times = key->repeat;

	/* Shift and its like have no character; what the console makes of a key
	 * has no key, and one of them is NUL. */
	if (!types || (key->unit == 0 && key->key != 0))
		return;
	do
		add_unit(keys, key->unit, out);
	while (times > 0 && --times > 0);
}

/* --- what is drawn -------------------------------------------------------- */

static size_t put(uint16_t *out, uint32_t value)
{
	if (value < 0x10000) {
		out[0] = (uint16_t)value;
		return 1;
	}
	out[0] = (uint16_t)(0xD800 + ((value - 0x10000) >> 10));
	out[1] = (uint16_t)(0xDC00 + ((value - 0x10000) & 0x3FF));
	return 2;
}

/* The first byte of a character: how many follow. */
static bool begin(struct sbk_console_text *text, uint8_t byte)
{
	static const struct {
		uint8_t mask, is;
		unsigned missing;
		uint32_t least;
	} forms[] = {{0xE0, 0xC0, 1, 0x80},
		     {0xF0, 0xE0, 2, 0x800},
		     {0xF8, 0xF0, 3, 0x10000}};
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((byte & forms[i].mask) == forms[i].is) {
			text->missing = forms[i].missing;
			text->least = forms[i].least;
			text->value = byte & (uint8_t)~forms[i].mask;
			return true;
		}
	return false;
}

size_t sbk_console_units(struct sbk_console_text *text, const uint8_t *data,
			 size_t size, uint16_t *out)
{
	size_t used = 0, i;

	for (i = 0; i < size; i++) {
		const bool follows = (data[i] & 0xC0) == 0x80;

		if (text->missing > 0 && follows) {
			text->value = text->value << 6 | (data[i] & 0x3F);
			if (--text->missing > 0)
				continue;
			if (text->value < text->least ||
			    text->value > 0x10FFFF ||
			    (text->value >= 0xD800 && text->value < 0xE000))
				text->value = REPLACEMENT;
			used += put(out + used, text->value);
			continue;
		}
		if (text->missing > 0)
			used += put(out + used, REPLACEMENT);
		text->missing = 0;
		if (data[i] < 0x80)
			used += put(out + used, data[i]);
		else if (!begin(text, data[i]))
			used += put(out + used, REPLACEMENT);
	}
	return used;
}
