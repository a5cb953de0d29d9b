package torch

import (
	"encoding/binary"
	"strconv"
)

// charge adds what gopickle allocates at most for an operation and what stands
// behind it; TestHostilePickles holds the sum against what is measured.
func (s *scanner) charge(code byte, arg []byte) {
	n, top := len(arg), 0
	s.cost += 100 + 4*n
	switch code {
	case 'X', 'U', 'T', 'B', 'C', 'S', 'V', '\x8c', '\x8d', '\x8e', '\x96':
		top = n
		s.longest = max(s.longest, n)
		s.cost += perPrinted * n
	case 'L', '\x8a', '\x8b':
		s.cost += n * n / 8 // the digits are shifted in one by one
	case '(', '\x8f':
		s.cost += 400
	case '}', ']':
		s.cost += 200
	case 'c', '\x93', 'Q':
		s.cost += 300
	case 'R', 'o', 'i', '\x81', '\x92':
		s.cost += 800
		top = s.longest // list(x) is x
	case 'b':
		s.cost += s.ops // sets the entries of a dictionary, of which there are fewer
	case '\x95':
		s.cost += int(binary.LittleEndian.Uint64(arg)) // a copy of the frame
	case 'p', 'q', 'r', '\x94':
		s.cost += 250
		s.memo[s.number(code, arg)] = s.top
		return
	case 'g', 'h', 'j':
		top = s.memo[s.number(code, arg)]
		s.cost += perPrinted * top
	case '2':
		top = s.top
		s.cost += perPrinted * top
	case '0', '1':
		top = s.longest // whatever lay below
	}
	s.top = top
}

// perPrinted is what a byte of a text costs where an error prints it.
const perPrinted = 20

// number returns where in the memo an operation puts or gets.
func (s *scanner) number(code byte, arg []byte) int {
	switch code {
	case 'p', 'g':
		n, err := strconv.Atoi(string(arg[:len(arg)-1]))
		if err != nil {
			return -1 // gopickle refuses it
		}
		return n
	case '\x94':
		return len(s.memo)
	}
	var n [4]byte
	copy(n[:], arg)
	return int(binary.LittleEndian.Uint32(n[:]))
}
