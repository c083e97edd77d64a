package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"crmwho/internal/local"
)

// typeHere is what a terminal shows first.
const typeHere = `The people are the 15 of Zoho's documentation. Type as you would in Slack:
  /crmuser kim            one person
  /crmuser patricia       several people match
  /crmuser ceo@zooho.com  an e-mail address
  /crmuser patrisia       a typing error
  /crmowner gentest       who owns the records that are called so
  /crmowner orphans       records whose owner is not active
  /crmusers role:sales    who has a role
  /crmusers by role       how many have which
  /crmadmins              who is an administrator
  /crmadmins audit        posts an audit of the admins in the channel
  /crmadmins history      the audits so far, and who has signed them
  /crmuser                your own card: you are Patricia Boyle here
  /crmstatus              how the bot is
  /crmuser help           what a command does
A number presses that button of the last answer. Ctrl-D ends it. Here is the first question and its answer:

> /crmuser kim
`

// prompt asks what is typed, a question a line.
type prompt struct {
	bot      *local.Bot
	out      io.Writer
	controls []local.Control // what can be pressed, of all that the last line brought
	modal    string          // id of the modal that the next line is for; empty: of none
}

// run asks until the input ends.
func (p *prompt) run(ctx context.Context, in io.Reader) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	for {
		fmt.Fprint(p.out, "\n> ")
		select {
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintln(p.out)
				return nil
			}
			if err := p.take(ctx, line); err != nil {
				fmt.Fprintln(p.out, err)
			}
		case <-ctx.Done():
			fmt.Fprintln(p.out)
			return nil
		}
	}
}

// take takes a line, and shows what it brings and what is new in the channel.
func (p *prompt) take(ctx context.Context, line string) error {
	if err := p.do(ctx, strings.TrimSpace(line)); err != nil {
		return err
	}
	return showNews(p.bot, p.out, p.show)
}

// do takes a line as it is typed in Slack, where a slash may be forgotten, the
// number of what is to be pressed, or what is typed into a modal.
func (p *prompt) do(ctx context.Context, line string) (err error) {
	command, words, _ := strings.Cut(line, " ")
	n, noNumber := strconv.Atoi(command)
	switch {
	case p.modal != "":
		return p.fill(ctx, line)
	case line == "":
		return nil
	case noNumber == nil && (n < 1 || n > len(p.controls)):
		return fmt.Errorf("there is no button %d", n)
	}
	pressable := p.controls
	p.controls = nil
	if noNumber != nil {
		return p.bot.Ask(ctx, "/"+strings.TrimPrefix(command, "/"), words, p.show)
	}
	if p.modal, err = p.bot.Press(ctx, pressable[n-1], p.show); p.modal != "" {
		fmt.Fprintln(p.out, "Type it in one line. An empty line cancels.")
	}
	return err
}

// fill fills in a modal, or closes it.
func (p *prompt) fill(ctx context.Context, line string) error {
	modal := p.modal
	p.modal, p.controls = "", nil
	if line == "" {
		fmt.Fprintln(p.out, "Nothing was sent.")
		return nil
	}
	return p.bot.Fill(ctx, modal, line, p.show)
}

func (p *prompt) show(message []byte) error {
	text, controls, err := local.NumberedText(message, isTerminal(p.out), len(p.controls))
	if err != nil {
		return err
	}
	p.controls = append(p.controls, controls...)
	_, err = fmt.Fprint(p.out, text)
	return err
}

// showNews shows what is new in the channel, under lines that say where.
func showNews(bot *local.Bot, out io.Writer, show func(message []byte) error) error {
	heading := ""
	return bot.News(func(where string, message []byte) error {
		fmt.Fprintln(out)
		if where != heading {
			fmt.Fprintln(out, where)
		}
		heading = where
		return show(message)
	})
}
