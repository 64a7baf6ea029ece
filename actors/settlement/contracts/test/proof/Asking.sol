// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Plan} from "./Plan.sol";

/// @notice Questions about the claims of `Plan`, and what becomes of everybody's coin when one isn't answered.
abstract contract Asking is Plan {
    uint256 internal constant DEPOSIT = 1 ether;
    uint256 internal constant FEE = 0.5 ether;
    address internal constant ANYBODY = address(0xA17);

    function setUp() public virtual override {
        super.setUp();
        vm.deal(challenger, 100 ether);
        shape = [uint32(3), 1, 0, 5, 4];
    }

    function opening(uint256 deposit, bool minting) internal view virtual override returns (Sessions.Opening memory o) {
        o = super.opening(deposit, minting);
        o.lanes = uint32(shape.length);
    }

    function claimedSession() internal returns (bytes32 session) {
        session = open(DEPOSIT, false);
        claim(session, FEE);
    }

    function ask(bytes32 session, uint32 lane, uint32 segment, uint32 chunk) internal returns (Inputs.Question memory q) {
        q = Inputs.Question(
            session, provider, challenger, uint64(block.timestamp + ANSWER), lane, segment, chunk
        );
        vm.prank(challenger);
        bytes32 question = inputs.ask{value: QUESTION}(session, lane, segment, chunk);
        same(question, keccak256(abi.encode(q)), "number of the question");
    }

    function refused(Inputs.Question memory q, Inputs.Answer memory a, bytes4 why) internal {
        (bool done, bytes memory reason) = address(inputs).call(abi.encodeCall(Inputs.answer, (q, a)));
        yes(!done, "refused");
        same(bytes32(bytes4(reason)), bytes32(why), "reason");
        yes(inputs.pending(keccak256(abi.encode(q))), "still pending");
    }

    /// @dev Nobody has an answer: the claim falls, and everybody has what is theirs.
    function falls(Inputs.Question memory q) internal {
        (uint256 had, uint256 asked) = (worth(user), worth(challenger));
        vm.warp(q.until + 1);
        vm.prank(ANYBODY);
        same(inputs.timeout(q), RATIO * DEPOSIT, "all that stood behind it");
        same(worth(user) - had, DEPOSIT, "the user has its deposit");
        same(worth(challenger) - asked, QUESTION + RATIO * DEPOSIT / 2, "the challenger has bond and share");
        same(uint256(status(q.session)), uint256(ISessions.Status.Ended), "ended");
        vm.expectRevert(abi.encodeWithSelector(Inputs.NotPending.selector, keccak256(abi.encode(q))));
        inputs.timeout(q);
    }
}
