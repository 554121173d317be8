package usagecsv

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// maxRecord bounds one record. A quote that is never closed would otherwise swallow the rest of the file into memory.
const maxRecord = 1 << 20

// source wraps encoding/csv with what it lacks: byte order marks, a bound on a record, and bytes counted.
type source struct {
	csv   *csv.Reader
	limit *limiter
	bom   int64
}

// limiter fails when too many bytes were handed out since the last finished record.
type limiter struct {
	r         io.Reader
	delivered int64
	finished  int64
}

var errRecordTooLong = fmt.Errorf("a row is longer than %d bytes: is a closing quote missing?", maxRecord)

func (l *limiter) Read(p []byte) (int, error) {
	if l.delivered-l.finished > maxRecord {
		return 0, errRecordTooLong
	}
	n, err := l.r.Read(p)
	l.delivered += int64(n)
	return n, err
}

func newSource(r io.Reader, delimiter rune) (*source, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("usage file: %w", err)
	}
	s := &source{}
	switch {
	case len(head) == 0:
		return nil, ErrEmpty
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		n, err := buffered.Discard(3)
		if err != nil {
			return nil, fmt.Errorf("usage file: %w", err)
		}
		s.bom = int64(n)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("usage file: is in UTF-16: save it as CSV in UTF-8")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return nil, errors.New("usage file: is compressed by gzip: unpack it first, or pipe it in with zcat")
	case bytes.HasPrefix(head, []byte("PK\x03")):
		return nil, errors.New("usage file: is a ZIP archive or a spreadsheet such as .xlsx: unpack it, or save it as CSV in UTF-8")
	}
	s.limit = &limiter{r: buffered}
	s.csv = csv.NewReader(s.limit)
	s.csv.ReuseRecord = true
	if delimiter != 0 {
		s.csv.Comma = delimiter
	}
	return s, nil
}

// next reads a record. A row-level fault comes as *csv.ParseError; the reader goes on with the next row after it.
func (s *source) next() ([]string, error) {
	record, err := s.csv.Read()
	s.limit.finished = s.csv.InputOffset()
	return record, err
}

func (s *source) bytes() int64 { return s.bom + s.csv.InputOffset() }

// line is the physical line on which the last record began. It must follow a successful read.
func (s *source) line() int {
	line, _ := s.csv.FieldPos(0)
	return line
}
