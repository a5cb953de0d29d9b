package dataset

import (
	"bufio"
	"compress/gzip"
	"io"
)

// unzip reads a gzip stream of one member or more. Zeros behind the last are
// padding, as tapes and some tools leave it; gzip itself passes over them.
type unzip struct {
	in     *bufio.Reader
	member *gzip.Reader
}

func newUnzip(in *bufio.Reader) (*unzip, error) {
	member, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &unzip{in, member}, nil
}

func (u *unzip) Read(b []byte) (int, error) {
	for {
		n, err := u.member.Read(b)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil // the end of a member is not the end
		}
		first, err := u.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if first[0] == 0 {
			return 0, u.skipPadding()
		}
		if err := u.member.Reset(u.in); err != nil {
			return 0, err
		}
		u.member.Multistream(false)
	}
}

// skipPadding reads zeros to the end.
func (u *unzip) skipPadding() error {
	for {
		b, err := u.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return gzip.ErrHeader
		}
	}
}
