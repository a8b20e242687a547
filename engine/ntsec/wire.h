/*
 * Little-endian numbers in the bytes of descriptors. Callers have checked
 * that the bytes are there. Nothing here needs alignment.
 */
#ifndef SBK_NTSEC_WIRE_H
#define SBK_NTSEC_WIRE_H

#include <stdint.h>

static inline uint16_t get_u16le(const uint8_t *data)
{
	return (uint16_t)(data[0] | data[1] << 8);
}

static inline uint32_t get_u32le(const uint8_t *data)
{
	return (uint32_t)data[3] << 24 | (uint32_t)data[2] << 16 |
	       (uint32_t)data[1] << 8 | data[0];
}

static inline uint64_t get_u64le(const uint8_t *data)
{
	return (uint64_t)get_u32le(data + 4) << 32 | get_u32le(data);
}

static inline void put_u16le(uint8_t *data, uint16_t value)
{
	data[0] = (uint8_t)value;
	data[1] = (uint8_t)(value >> 8);
}

static inline void put_u32le(uint8_t *data, uint32_t value)
{
	put_u16le(data, (uint16_t)value);
	put_u16le(data + 2, (uint16_t)(value >> 16));
}

static inline void put_u64le(uint8_t *data, uint64_t value)
{
	put_u32le(data, (uint32_t)value);
	put_u32le(data + 4, (uint32_t)(value >> 32));
}

#endif
