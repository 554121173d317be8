package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/starter/service"
)

const longestLine = 1 << 20

// byteOrderMark is what some programs on Windows write in front of UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// rejectedLine is the answer to a line that has none.
type rejectedLine struct {
	ID    json.RawMessage `json:"id,omitempty"`
	Line  int             `json:"line"` // counted from 1
	Error lineError       `json:"error"`
}

type lineError struct {
	Kind    service.Kind `json:"kind"`
	Code    string       `json:"code"`
	Message string       `json:"message"`
}

// answerLines answers each line of standard input, empty ones excepted, with one line of JSON, and goes on after a line
// that is wrong. The answer is called with the line; with its error it returns the id of the case, if it could be read.
// When lines were wrong the error is errRowsRejected, after all of them.
func (p *program) answerLines(answer func(line []byte) (result any, id json.RawMessage, err error)) error {
	in := bufio.NewReaderSize(p.in, longestLine)
	if mark, err := in.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = in.Discard(len(byteOrderMark))
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	var rejected error
	for number := 1; ; number++ {
		line, err := nextLine(in)
		if errors.Is(err, io.EOF) {
			return rejected
		}
		var result any
		var id json.RawMessage
		switch {
		case errors.Is(err, errLongLine):
		case err != nil:
			return fmt.Errorf("line %d: %w", number, err)
		case len(line) == 0:
			continue
		default:
			result, id, err = answer(line)
		}
		if err != nil {
			rejected = errRowsRejected
			result = rejectedLine{ID: id, Line: number, Error: lineError{Kind: service.Invalid, Code: "invalid_case", Message: err.Error()}}
		}
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
}

var errLongLine = fmt.Errorf("the line is longer than %d bytes", longestLine)

// nextLine returns a line without the space around it, valid until the next call. The error is errLongLine for one that
// was passed over, io.EOF after the last one.
func nextLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = errLongLine
		}
		return nil, err
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return bytes.TrimSpace(line), err
}
