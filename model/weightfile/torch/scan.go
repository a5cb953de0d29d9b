package torch

import (
	"bytes"
	"encoding/binary"

	"github.com/pkg/errors"
)

// budget bounds what running the pickles of a file of that size may allocate,
// in bytes, by the estimate of scan. That of a ResNet-152 with its optimizer's
// state, of 700 MB, is 20 MB.
func budget(size int64) int { return 40<<20 + int(min(size, 256<<20)) }

// What stands behind an opcode.
const (
	refused = iota // not written by torch.save, or not understood by gopickle
	plain          // nothing
	bytes1         // a number of that many bytes
	bytes2
	bytes4
	bytes8
	line   // a text up to the end of the line
	lines2 // two of them
	text1  // a length of that many bytes, and as many bytes
	text4
	text8
)

// opcodes says what stands behind each:
// https://github.com/python/cpython/blob/3.13/Lib/pickletools.py.
var opcodes = func() (table [256]byte) {
	for kind, codes := range map[byte]string{
		plain:  "(.012NQRabd}eltsou])\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94",
		bytes1: "Khq\x80", bytes2: "M", bytes4: "Jjr", bytes8: "G\x95",
		line: "FILPSVgp", lines2: "ci",
		text1: "\x8aUC\x8c", text4: "\x8bTBX", text8: "\x8d\x8e\x96",
	} {
		for _, code := range []byte(codes) {
			table[code] = kind
		}
	}
	return table
}()

// errShort: the pickle goes on behind the bytes.
var errShort = errors.New("pickle: cut short")

// scanner adds up what running a pickle may allocate.
type scanner struct {
	rest []byte
	ops  int
	cost int
	// The length of the text on top of the stack, if there is one, of the
	// longest so far, and of those in the memo by number: gopickle's errors
	// print whole tuples, and a text that is in one many times as often.
	top, longest int
	memo         map[int]int
}

// scan walks over the pickle at the start of data without running it, and
// returns its length and what it may allocate. It refuses one that would allocate more than the budget,
// or run for long. One thing it changes: Python 2's zero, a long of no bytes, on which
// gopickle panics, becomes an int.
func scan(data []byte, budget int) (length, cost int, err error) {
	s := &scanner{rest: data, memo: map[int]int{}}
	for {
		if len(s.rest) == 0 {
			return 0, 0, errShort
		}
		code := s.rest[0]
		if code == '\x8a' && len(s.rest) > 1 && s.rest[1] == 0 {
			s.rest[0], code = 'K', 'K'
		}
		arg, err := s.next()
		if err != nil {
			return 0, 0, err
		}
		if code == '\x95' && binary.LittleEndian.Uint64(arg) > uint64(len(s.rest)) {
			return 0, 0, errShort
		}
		s.ops++
		s.charge(code, arg)
		if s.cost > budget {
			return 0, 0, errors.Errorf("pickle: found more than can be read safely: %d operations in %d bytes", s.ops, len(data)-len(s.rest))
		}
		if code == '.' {
			n := len(data) - len(s.rest)
			if bytes.Contains(data[:n], []byte("_array_reconstructor")) {
				return 0, 0, errors.New("pickle: found array.array, which torch.save does not write")
			}
			return n, s.cost, nil
		}
	}
}

// next takes an opcode and returns what stands behind it.
func (s *scanner) next() ([]byte, error) {
	code := s.rest[0]
	s.rest = s.rest[1:]
	switch opcodes[code] {
	case plain:
		return nil, nil
	case bytes1:
		return s.take(1)
	case bytes2:
		return s.take(2)
	case bytes4:
		return s.take(4)
	case bytes8:
		return s.take(8)
	case line:
		return s.line()
	case lines2:
		first, err := s.line()
		if err != nil {
			return nil, err
		}
		second, err := s.line()
		return first[:len(first)+len(second)], err
	case text1:
		return s.text(1)
	case text4:
		return s.text(4)
	case text8:
		return s.text(8)
	}
	return nil, errors.Errorf("pickle: found the operation %#02x, which torch.save does not write", code)
}

func (s *scanner) take(n uint64) ([]byte, error) {
	if n > uint64(len(s.rest)) {
		return nil, errShort
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken, nil
}

func (s *scanner) line() ([]byte, error) {
	n := bytes.IndexByte(s.rest, '\n')
	if n < 0 {
		return nil, errShort
	}
	return s.take(uint64(n) + 1)
}

// text takes a length of that many bytes, and a text as long.
func (s *scanner) text(width uint64) ([]byte, error) {
	head, err := s.take(width)
	if err != nil {
		return nil, err
	}
	var n [8]byte
	copy(n[:], head)
	return s.take(binary.LittleEndian.Uint64(n[:]))
}
