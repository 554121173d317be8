// Package activityfile reads what members did from a file of any size: CSV with the columns "member" and "at", in any order
// and beside others, or JSON lines of {"member": …, "at": …}. What a line says is checked by whoever takes it.
package activityfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Action is one line: who did something, and when, as it is written. Line is the physical line on which it begins.
type Action struct {
	Member string `json:"member"`
	At     string `json:"at"`
	Line   int    `json:"-"`
}

// BadLine is a line that is no action. The lines after it can be read.
type BadLine struct {
	Line   int
	Reason string
}

// Error says which line is bad, and why.
func (e *BadLine) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Reader reads one action after the other.
type Reader struct{ next func() (Action, error) }

// Next is the next action. The error is io.EOF after the last one and a *BadLine for one that is none; other errors are of
// the file.
func (r *Reader) Next() (Action, error) { return r.next() }

// longestLine is far more than an id and a time need.
const longestLine = 64 * 1024

// NewReader begins to read. A file that begins with "{" has JSON lines, any other is CSV, whose first line names the columns.
// The error says what the file lacks.
func NewReader(file io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(file, longestLine)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(len(mark))
	}
	first, err := in.Peek(1)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	if first[0] == '{' {
		return &Reader{next: jsonLines(in)}, nil
	}
	return fromCSV(in)
}

func fromCSV(in io.Reader) (*Reader, error) {
	rows := csv.NewReader(in)
	rows.ReuseRecord, rows.FieldsPerRecord = true, -1
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	columns := len(header)
	member, at := slices.Index(header, "member"), slices.Index(header, "at")
	if member < 0 || at < 0 {
		return nil, fmt.Errorf(`line 1 names the columns %q: "member" and "at" must be among them`, strings.Join(header, ","))
	}
	return &Reader{next: func() (Action, error) {
		row, err := rows.Read()
		if broken, is := errors.AsType[*csv.ParseError](err); is {
			return Action{}, &BadLine{Line: broken.StartLine, Reason: broken.Err.Error()}
		}
		if err != nil {
			return Action{}, err
		}
		line, _ := rows.FieldPos(0)
		if len(row) != columns {
			return Action{}, &BadLine{Line: line, Reason: fmt.Sprintf("%d columns where the first line has %d", len(row), columns)}
		}
		return Action{Member: row[member], At: row[at], Line: line}, nil
	}}, nil
}

func jsonLines(in *bufio.Reader) func() (Action, error) {
	line := 0
	return func() (Action, error) {
		for {
			text, err := in.ReadSlice('\n')
			line++
			long := errors.Is(err, bufio.ErrBufferFull)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return Action{}, err
			case long:
				return Action{}, &BadLine{Line: line, Reason: fmt.Sprintf("is longer than %d bytes", longestLine)}
			case len(bytes.TrimSpace(text)) > 0:
				return oneJSON(text, line)
			case err != nil:
				return Action{}, io.EOF
			}
		}
	}
}

func oneJSON(text []byte, line int) (Action, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	action := Action{Line: line}
	if err := decoder.Decode(&action); err != nil {
		return Action{}, &BadLine{Line: line, Reason: fmt.Sprintf(`is not a JSON object such as {"member": "u1", "at": "2027-04-11"}: %s`, err)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Action{}, &BadLine{Line: line, Reason: "has more than one JSON object: write each on a line of its own"}
	}
	return action, nil
}
