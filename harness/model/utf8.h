/* UTF-8, one code point at a time: what subjects print is not to be trusted to be well-formed. */
#ifndef SIGMATRIX_UTF8_H
#define SIGMATRIX_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the code point 'text' begins with (text must not be empty), its value in
 * *point; 0 when it is malformed: overlong, cut short, a surrogate, or beyond U+10FFFF. */
static inline size_t utf8_decode(const char *text, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80   ? 1
			: byte[0] < 0xc2 ? 0
			: byte[0] < 0xe0 ? 2
			: byte[0] < 0xf0 ? 3
			: byte[0] < 0xf5 ? 4
					 : 0;

	*point = byte[0];
	if (length < 2)
		return length;
	*point = byte[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (byte[i] & 0x3fU);
	}
	if (*point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return length;
}

#endif
