package main

import (
	"errors"
	"fmt"
	"io"
)

// errRowsRejected ends an import that stored some rows and rejected others; the rows were shown.
var errRowsRejected = errors.New("rows were rejected")

// showImport shows what became of a file: for people the first lines that were rejected, how many more there are, and what
// rest says. When lines were rejected, of which there are all, the error is errRowsRejected.
func showImport[R fmt.Stringer](p *program, result any, rejected []R, all int, rest func(out io.Writer) error) error {
	err := p.show(result, func(out io.Writer) error {
		for _, line := range rejected {
			fmt.Fprintln(out, line)
		}
		if hidden := all - len(rejected); hidden > 0 {
			fmt.Fprintf(out, "… and %d more rejected lines\n", hidden)
		}
		return rest(out)
	})
	if err == nil && all > 0 {
		err = errRowsRejected
	}
	return err
}
