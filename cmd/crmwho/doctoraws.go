package main

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// lookAtIdentity asks AWS whose the credentials are.
func (d *doctor) lookAtIdentity(ctx context.Context) (verdict, mistake) {
	cfg, err := awsConfig(ctx)
	if err != nil {
		return because(err)
	}
	d.cfg = cfg
	asked := time.Now()
	account, at, err := whose(ctx, cfg)
	if err != nil {
		return because(err)
	}
	d.compare("AWS", at, asked)
	return fine("The credentials are of the account %s, the region is %s", account, cfg.Region)
}

// lookAtStack opens the stack, if that can be.
func (d *doctor) lookAtStack(ctx context.Context) (verdict, mistake) {
	if d.cfg.Region == "" {
		return skip("AWS cannot be asked, and nothing else can be looked at")
	}
	if err := d.describe(ctx, d.place.stack); err != nil {
		return because(err)
	}
	var all several
	v, m := d.judgeStatus()
	all.add(v, m)
	needed, others := d.missing(neededOutputs), d.missing(otherOutputs)
	switch {
	case needed != "":
		lacks := d.oldStack(needed)
		if v != well { // what is said of that comes first
			lacks.next = ""
		}
		all.add(failed, lacks)
		return all.sum()
	case others != "":
		all.add(warning, d.oldStack(others))
	}
	d.take(d.place.stack)
	if err := d.checkAddresses(); err != nil {
		all.add(failed, mistake{"The stack's parameter " + paramSlackAPI + " is wrong: " + err.Error(), "Deploy it with Slack's own, or another of the template's: " + d.deploy(paramSlackAPI+"=https://slack.com/api/") + "."})
		d.store = nil
	}
	return all.sum()
}

// stackStatus is what a stack's status means.
type stackStatus struct {
	verdict
	blocks bool // no deployment over it is taken
	mistake
}

// byStatus says so of each, with names in braces: {of} are the flags that lead AWS's
// CLI to the stack, and {events} is how one sees what failed. A status that is not
// here is one that somebody waits for.
// Source: AWS's CloudFormation user guide, "Stack status codes".
var byStatus = map[types.StackStatus]stackStatus{
	types.StackStatusCreateComplete: {well, false, mistake{says: "{stack} is complete"}},
	types.StackStatusUpdateComplete: {well, false, mistake{says: "{stack} is complete"}},
	types.StackStatusImportComplete: {well, false, mistake{says: "{stack} is complete"}},
	types.StackStatusUpdateRollbackComplete: {warning, false, mistake{
		"The last deployment of {stack} failed and was undone; what was there before goes on", "{events} Then deploy again, with {deploy}."}},
	types.StackStatusImportRollbackComplete: {warning, false, mistake{
		"The last import into {stack} failed and was undone; what was there before goes on", "{events}"}},
	types.StackStatusUpdateRollbackFailed: {failed, true, mistake{
		"The last deployment of {stack} failed, and so did undoing it", "{events} Mend that, then run aws cloudformation continue-update-rollback {of}, and when that has ended deploy again, with {deploy}."}},
	types.StackStatusUpdateFailed: {failed, false, mistake{
		"The last deployment of {stack} failed halfway and was left so", "{events} Then deploy again, with {deploy}, or run aws cloudformation rollback-stack {of}."}},
	types.StackStatusImportRollbackFailed: {failed, true, mistake{
		"The last import into {stack} failed, and so did undoing it, so that nothing is deployed over it", "{events} Mend that in the AWS console, and deploy again, with {deploy}, once it is IMPORT_ROLLBACK_COMPLETE."}},
	types.StackStatusCreateFailed:     {failed, true, neverMade},
	types.StackStatusRollbackComplete: {failed, true, neverMade},
	types.StackStatusRollbackFailed:   {failed, true, neverMade},
	types.StackStatusReviewInProgress: {failed, false, mistake{
		"{stack} was prepared and never made", "Deploy it, with {deploy}."}},
	types.StackStatusDeleteFailed: {failed, true, mistake{
		"Removing {stack} failed halfway", "{events} Mend that, then run aws cloudformation delete-stack {of} once more. When it is gone, it can be deployed anew, with {deploy}."}},
	types.StackStatusDeleteInProgress: {failed, true, mistake{
		"{stack} is being removed", "Wait until it is gone, and deploy it anew, with {deploy}."}},
	types.StackStatusDeleteComplete: {failed, false, mistake{
		"{stack} was removed", "Deploy it anew, with {deploy}."}},
}

var neverMade = mistake{
	"The first deployment of {stack} failed, and CloudFormation takes no other over it", "{events} Then run aws cloudformation delete-stack {of}, and deploy anew, with {deploy}."}

// failedEvents is what AWS's CLI shows of a stack's events that say what failed.
const failedEvents = `"StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp,LogicalResourceId,ResourceStatusReason]"`

// statusOf says what a status means for a stack in a region. then is what is done
// again once nobody changes it any more. An empty status stands for no stack, which
// blocks nothing.
func statusOf(status types.StackStatus, name, region, then string) stackStatus {
	is, known := byStatus[status]
	if !known {
		is = stackStatus{warning, status != "", mistake{"{stack} is being changed", "Wait until that is over, and " + then + "."}}
	}
	is.says += " (" + string(status) + ")"
	is.next = strings.ReplaceAll(is.next, "{events}", "Look why: aws cloudformation describe-stack-events {of} --output text --query "+failedEvents+" tells.")
	is.mistake = is.filled("{of}", "--stack-name {stack} --region "+region).filled("{stack}", name, "{deploy}", (&backend{stack: name}).deploy())
	return is
}

// judgeStatus tells how a stack is.
func (d *doctor) judgeStatus() (verdict, mistake) {
	is := statusOf(d.status, d.stack, d.cfg.Region, "run "+program+" doctor --stack "+d.place.stack+" again")
	return is.verdict, is.mistake
}

// schedules are the stack's, by what follows its name in theirs.
const (
	scheduleSync  = "directory-sync"
	scheduleAudit = "admin-audit"
	scheduleToken = "token-refresh"
)

// lookAtSchedules looks whether they are there and run.
func (d *doctor) lookAtSchedules(ctx context.Context) (verdict, mistake) {
	if d.stack == "" {
		return skip("There is no stack whose schedules they would be")
	}
	client := scheduler.NewFromConfig(d.cfg)
	var all several
	for _, name := range []string{scheduleSync, scheduleToken, scheduleAudit} {
		all.add(d.lookAtSchedule(ctx, client, name))
	}
	return all.sum()
}

func (d *doctor) lookAtSchedule(ctx context.Context, client *scheduler.Client, name string) (verdict, mistake) {
	is, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{GroupName: aws.String("default"), Name: aws.String(d.stack + "-" + name)})
	switch code := awsCode(err); {
	case code == "ResourceNotFoundException":
		return failed, mistake{
			"There is no schedule " + d.stack + "-" + name,
			"Deploy the template of this version, with " + d.deploy() + ". Where somebody has deleted a schedule by hand, make it anew under its name in the AWS console, as template.yaml has it."}
	case code == "AccessDeniedException":
		return failed, mistake{"These AWS credentials may not look at the schedules", "They need scheduler:GetSchedule on schedule/default/" + d.stack + "-*."}
	case err != nil:
		return because(awsError(ctx, err, "The schedules cannot be looked up", d.cfg.Region))
	}
	return d.judgeSchedule(name, is.State == schedulertypes.ScheduleStateEnabled)
}

// judgeSchedule tells whether a schedule runs where it should, and only there.
func (d *doctor) judgeSchedule(name string, enabled bool) (verdict, mistake) {
	wanted := name != scheduleAudit || d.parameters[paramAuditChannel] != ""
	const inConsole = " in the AWS console, below Amazon EventBridge, Schedules."
	full := d.stack + "-" + name
	switch {
	case enabled && wanted:
		return fine("%s is enabled", name)
	case enabled:
		return warning, mistake{name + " is enabled, and its runs fail, because the stack's parameter " + paramAuditChannel + " is empty",
			"Name a channel, with " + d.deploy(paramAuditChannel+"=C…") + ", or disable " + full + inConsole}
	case !wanted:
		return fine("%s is disabled, as it should be while %s is empty", name, paramAuditChannel)
	}
	return failed, mistake{name + " is disabled", "Enable " + full + inConsole}
}
